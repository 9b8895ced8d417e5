/*
 * launcher: put walls around this process, then become another program.
 *
 *     launcher [OPTION...] -- PROGRAM [ARGUMENT...]
 *     launcher --abi
 *
 *   --cgroup DIR          join that control group before anything else
 *   --as BYTES  --data BYTES  --fsize BYTES  --nproc N  --nofile N  --cpu SECONDS
 *                         resource limits
 *   --nice N              add N to the niceness
 *   --cpus 0,3,5          run on these CPUs only
 *   --no-capabilities     root, too, loses its privileges
 *   --die-with-parent     SIGKILL when the thread that started this ends
 *   --landlock            only these paths can be opened, and no network:
 *     --read PATH           read a file or a tree
 *     --read-if-there PATH  the same, if it exists
 *     --execute PATH        read and execute a file or a tree
 *     --write PATH          read and write a file; make, rename and remove in a tree
 *     --device PATH         read, write and control a device
 *     --list-if-there PATH  see the names in a directory, if it exists
 *     --own-process         read and write what /proc has of this very process
 *   --seccomp             only the system calls that a media program needs
 *     --controls            and the requests (ioctl) of graphics and video devices
 *   --abi                 print the kernel's Landlock ABI, 0 for none
 *
 * PROGRAM is a path; it is not searched for. Nobody can gain privileges by starting it.
 * Exit status: 125 when a wall cannot be built, 126 when PROGRAM cannot be started, 127
 * when there is none; else PROGRAM's. It keeps this process's id.
 *
 * A wall that was asked for is built or nothing runs: no step here is "best effort".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool forbid_system_calls(bool with_controls); /* system_calls.c; false with errno when the kernel refuses */

enum { CANNOT_WALL = 125, CANNOT_START = 126, NOT_FOUND = 127 };

static _Noreturn void fail(int error, const char *what, const char *which)
{
    dprintf(STDERR_FILENO, "launcher: %s %s: %s\n", what, which, strerror(error));
    _exit(CANNOT_WALL);
}

/* ---- what was asked for ------------------------------------------------------------- */

/* Landlock's file rights, written out because headers older than the kernel lack the newer. */
#define EXECUTE (1ULL << 0)
#define WRITE_FILE (1ULL << 1)
#define READ_FILE (1ULL << 2)
#define READ_DIR (1ULL << 3)
#define REMOVE_DIR (1ULL << 4)
#define REMOVE_FILE (1ULL << 5)
#define MAKE_DIR (1ULL << 7)
#define MAKE_REG (1ULL << 8)
#define ALL_OF_ABI_1 ((1ULL << 13) - 1)
#define REFER (1ULL << 13) /* rename or link into another directory */
#define TRUNCATE (1ULL << 14)
#define IOCTL_DEV (1ULL << 15)
#define RESOLVE_UNIX (1ULL << 16) /* connect to a socket by its path */

#define TO_READ (READ_FILE | READ_DIR)
#define TO_EXECUTE (TO_READ | EXECUTE)
#define TO_WRITE \
    (TO_READ | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER)
#define TO_CONTROL (READ_FILE | WRITE_FILE | IOCTL_DEV)
#define OF_A_FILE (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

struct rule {
    const char *option, *path;
    uint64_t rights;
};

static const struct rule RULES[] = {
    {.option = "--read", .rights = TO_READ},
    {.option = "--read-if-there", .rights = TO_READ},
    {.option = "--execute", .rights = TO_EXECUTE},
    {.option = "--write", .rights = TO_WRITE},
    {.option = "--device", .rights = TO_CONTROL},
    {.option = "--list-if-there", .rights = READ_DIR},
};
static const struct rule OWN_PROCESS = {
    .option = "--own-process", .path = "/proc/self", .rights = TO_READ | WRITE_FILE};

static const struct {
    const char *option;
    int resource;
    rlim_t grace; /* between the soft limit and the hard one */
} LIMITS[] = {
    {"--as", RLIMIT_AS, 0},
    {"--data", RLIMIT_DATA, 0}, /* what is only reserved does not count here */
    {"--fsize", RLIMIT_FSIZE, 0},
    {"--nproc", RLIMIT_NPROC, 0},
    {"--nofile", RLIMIT_NOFILE, 0},
    {"--cpu", RLIMIT_CPU, 5}, /* SIGXCPU first, SIGKILL for who ignores it */
};
#define UNLIMITED RLIM_INFINITY
#define HIGHEST_LIMIT (1ULL << 62)
#define HIGHEST_NICENESS 19

struct walls {
    const char *cgroup;
    rlim_t limits[COUNT(LIMITS)];
    int niceness;
    cpu_set_t cpus;
    bool some_cpus, no_capabilities, die_with_parent, landlock, seccomp, controls;
    size_t rule_count;
    struct rule rules[256];
};

static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

static uint64_t number(const char *option, const char *text, uint64_t highest)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!is_digit(text[0]) || *end != '\0' || errno != 0 || value > highest)
        fail(EINVAL, option, text);
    return value;
}

static void read_cpus(cpu_set_t *cpus, const char *list)
{
    CPU_ZERO(cpus);
    for (const char *at = list;;) {
        char *end;
        unsigned long cpu = strtoul(at, &end, 10);
        if (!is_digit(*at) || cpu >= CPU_SETSIZE || (*end != ',' && *end != '\0'))
            fail(EINVAL, "--cpus", list);
        CPU_SET(cpu, cpus);
        if (*end == '\0')
            return;
        at = end + 1;
    }
}

static void add_rule(struct walls *walls, struct rule rule)
{
    if (walls->rule_count == COUNT(walls->rules))
        fail(E2BIG, rule.option, rule.path);
    walls->rules[walls->rule_count++] = rule;
}

static bool read_switch(struct walls *walls, const char *option)
{
    if (strcmp(option, "--no-capabilities") == 0)
        return walls->no_capabilities = true;
    if (strcmp(option, "--die-with-parent") == 0)
        return walls->die_with_parent = true;
    if (strcmp(option, "--landlock") == 0)
        return walls->landlock = true;
    if (strcmp(option, "--seccomp") == 0)
        return walls->seccomp = true;
    if (strcmp(option, "--controls") == 0)
        return walls->controls = true;
    if (strcmp(option, OWN_PROCESS.option) == 0) {
        add_rule(walls, OWN_PROCESS);
        return true;
    }
    return false;
}

static void read_valued(struct walls *walls, const char *option, const char *value)
{
    for (size_t i = 0; i < COUNT(LIMITS); i++)
        if (strcmp(option, LIMITS[i].option) == 0) {
            walls->limits[i] = number(option, value, HIGHEST_LIMIT);
            return;
        }
    for (size_t i = 0; i < COUNT(RULES); i++)
        if (strcmp(option, RULES[i].option) == 0) {
            struct rule rule = RULES[i];
            rule.path = value;
            add_rule(walls, rule);
            return;
        }
    if (strcmp(option, "--cgroup") == 0)
        walls->cgroup = value;
    else if (strcmp(option, "--nice") == 0)
        walls->niceness = (int)number(option, value, HIGHEST_NICENESS);
    else if (strcmp(option, "--cpus") == 0) {
        walls->some_cpus = true;
        read_cpus(&walls->cpus, value);
    } else
        fail(EINVAL, "unknown option", option);
}

/* Return the program's words; anything that is not understood ends it all. */
static char **read_options(struct walls *walls, char **word)
{
    for (; *word != NULL && strcmp(*word, "--") != 0; word++) {
        if (read_switch(walls, *word))
            continue;
        if (word[1] == NULL)
            fail(EINVAL, "unknown option or no value:", *word);
        read_valued(walls, word[0], word[1]);
        word++;
    }
    if (*word == NULL || word[1] == NULL)
        fail(EINVAL, "usage:", "launcher [OPTION...] -- PROGRAM [ARGUMENT...]");
    if (walls->rule_count > 0 && !walls->landlock)
        fail(EINVAL, "without --landlock:", walls->rules[0].option);
    if (walls->controls && !walls->seccomp)
        fail(EINVAL, "without --seccomp:", "--controls");
    return word + 1;
}

/* ---- plain walls -------------------------------------------------------------------- */

static void join_cgroup(const char *directory)
{
    int group = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int members = group < 0 ? -1 : openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (members < 0 || write(members, "0", 1) != 1)
        fail(errno, "--cgroup", directory);
    close(members);
    close(group);
}

/*
 * A parent that died before the signal was asked for would never be noticed. Its id may
 * have changed meanwhile; or, if it was gone before this began, a pipe to it has no reader.
 */
static void die_with_parent(void)
{
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        fail(errno, "--die-with-parent", "PR_SET_PDEATHSIG");
    struct pollfd outlets[] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
    if (poll(outlets, COUNT(outlets), 0) < 0)
        fail(errno, "--die-with-parent", "poll");
    if (getppid() != parent || ((outlets[0].revents | outlets[1].revents) & (POLLERR | POLLHUP)))
        fail(ESRCH, "--die-with-parent", "parent");
}

static void limit(const char *name, int resource, rlim_t soft, rlim_t hard)
{
    if (setrlimit(resource, &(struct rlimit){soft, hard}) != 0)
        fail(errno, "limit", name);
}

static void set_limits(const rlim_t *limits)
{
    const rlim_t locked_bytes = 64 * 1024;
    struct rlimit locked;
    if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0)
        fail(errno, "limit", "memlock");
    if (locked.rlim_max > locked_bytes) /* less may be allowed already; nobody can ask for more */
        locked.rlim_max = locked_bytes;
    limit("memlock", RLIMIT_MEMLOCK, locked.rlim_max, locked.rlim_max);
    limit("core", RLIMIT_CORE, 0, 0);
    limit("msgqueue", RLIMIT_MSGQUEUE, 0, 0);
    for (size_t i = 0; i < COUNT(LIMITS); i++)
        if (limits[i] != UNLIMITED)
            limit(LIMITS[i].option, LIMITS[i].resource, limits[i], limits[i] + LIMITS[i].grace);
}

/*
 * Root gets its capabilities back whenever it starts a program, up to the bounding set. Where
 * that cannot be lowered (EPERM: not root), no_new_privs keeps what is given up here given up.
 */
static void drop_capabilities(void)
{
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM)
            fail(errno, "--no-capabilities", "bounding set");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        fail(errno, "--no-capabilities", "ambient set");
    struct __user_cap_header_struct self = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(__NR_capset, &self, none) != 0)
        fail(errno, "--no-capabilities", "capset");
}

/* ---- Landlock ----------------------------------------------------------------------- */

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif
#define RULESET_VERSION 1
#define PATH_BENEATH 1

/* What each ABI taught the kernel to forbid. A newer one than these is used as the last. */
struct ruleset {
    uint64_t files, network, scopes;
};
static const struct ruleset TAUGHT_BY_ABI[] = {
    [1] = {.files = ALL_OF_ABI_1},
    [2] = {.files = REFER},
    [3] = {.files = TRUNCATE},
    [4] = {.network = 1 << 0 | 1 << 1}, /* bind and connect TCP */
    [5] = {.files = IOCTL_DEV},
    [6] = {.scopes = 1 << 0 | 1 << 1}, /* abstract sockets and signals */
    [9] = {.files = RESOLVE_UNIX},
    [10] = {.network = 1 << 2 | 1 << 3}, /* bind and connect or send UDP */
};

static size_t landlock_abi(void)
{
    long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
    return abi < 0 ? 0 : (size_t)abi;
}

static void allow(int ruleset, const struct rule *rule, uint64_t forbidden)
{
    int place = open(rule->path, O_PATH | O_CLOEXEC);
    if (place < 0 && errno == ENOENT && strstr(rule->option, "-if-there") != NULL)
        return;
    struct stat facts;
    if (place < 0 || fstat(place, &facts) != 0)
        fail(errno, rule->option, rule->path);
    struct __attribute__((packed)) {
        uint64_t rights;
        int32_t place;
    } beneath = {rule->rights & forbidden, place};
    if (!S_ISDIR(facts.st_mode))
        beneath.rights &= OF_A_FILE;
    if (syscall(__NR_landlock_add_rule, ruleset, PATH_BENEATH, &beneath, 0) != 0)
        fail(errno, rule->option, rule->path);
    close(place);
}

static void wall_files(const struct walls *walls)
{
    struct ruleset forbidden = {0};
    size_t abi = landlock_abi();
    if (abi == 0)
        fail(EOPNOTSUPP, "--landlock", "this kernel");
    for (size_t i = 1; i <= abi && i < COUNT(TAUGHT_BY_ABI); i++) {
        forbidden.files |= TAUGHT_BY_ABI[i].files;
        forbidden.network |= TAUGHT_BY_ABI[i].network;
        forbidden.scopes |= TAUGHT_BY_ABI[i].scopes;
    }
    /* An older kernel takes the longer structure as long as what it does not know is zero. */
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &forbidden, sizeof forbidden, 0);
    if (ruleset < 0)
        fail(errno, "--landlock", "ruleset");
    for (size_t i = 0; i < walls->rule_count; i++)
        allow(ruleset, &walls->rules[i], forbidden.files);
    if (syscall(__NR_landlock_restrict_self, ruleset, 0) != 0)
        fail(errno, "--landlock", "restrict");
    close(ruleset);
}

/* ---- in this order ------------------------------------------------------------------ */

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "--abi") == 0) {
        printf("%zu\n", landlock_abi());
        return EXIT_SUCCESS;
    }
    struct walls walls = {0};
    for (size_t i = 0; i < COUNT(LIMITS); i++)
        walls.limits[i] = UNLIMITED;
    char **program = read_options(&walls, words + 1);

    if (walls.cgroup != NULL)
        join_cgroup(walls.cgroup);
    if (walls.die_with_parent)
        die_with_parent();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail(errno, "no_new_privs", "prctl");
    errno = 0;
    if (nice(walls.niceness) == -1 && errno != 0)
        fail(errno, "--nice", "nice");
    if (walls.some_cpus && sched_setaffinity(0, sizeof walls.cpus, &walls.cpus) != 0)
        fail(errno, "--cpus", "sched_setaffinity");
    if (walls.landlock)
        wall_files(&walls);
    set_limits(walls.limits); /* after Landlock, which opens files and may need them all */
    if (walls.no_capabilities)
        drop_capabilities();
    if (walls.seccomp && !forbid_system_calls(walls.controls))
        fail(errno, "--seccomp", "filter");
    execv(program[0], program);
    int error = errno;
    dprintf(STDERR_FILENO, "launcher: %s: %s\n", program[0], strerror(error));
    return error == ENOENT ? NOT_FOUND : CANNOT_START;
}
