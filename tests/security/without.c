/*
 * Run a program on a machine that lacks something: without [--namespaces] [--landlock] PROGRAM...
 *
 * --namespaces: no user namespace can be made, as where an administrator has forbidden it.
 * --landlock: the kernel was built without it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LANDLOCK_CREATE_RULESET 444
#define FLAGS offsetof(struct seccomp_data, args[0])
#define NUMBER offsetof(struct seccomp_data, nr)
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IS(value, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, otherwise)
#define HAS(bits, otherwise) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, otherwise)

static int forbid(struct sock_filter *code, unsigned short length)
{
    struct sock_fprog program = {length, code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static int forbid_namespaces(void)
{
    struct sock_filter code[] = {
        LOAD(NUMBER), IS(__NR_clone3, 1), REFUSE(ENOSYS), IS(__NR_clone, 3), LOAD(FLAGS),
        HAS(CLONE_NEWUSER, 5), REFUSE(EPERM), IS(__NR_unshare, 3), LOAD(FLAGS),
        HAS(CLONE_NEWUSER, 1), REFUSE(EPERM), ALLOW,
    };
    return forbid(code, sizeof code / sizeof *code);
}

static int forbid_landlock(void)
{
    struct sock_filter code[] = {LOAD(NUMBER), IS(LANDLOCK_CREATE_RULESET, 1), REFUSE(ENOSYS), ALLOW};
    return forbid(code, sizeof code / sizeof *code);
}

int main(int count, char **words)
{
    int failed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (words++; count > 1 && !failed; words++)
        if (strcmp(*words, "--namespaces") == 0)
            failed = forbid_namespaces();
        else if (strcmp(*words, "--landlock") == 0)
            failed = forbid_landlock();
        else
            break;
    if (!failed)
        execv(words[0], words);
    perror(words[0]);
    return 125;
}
