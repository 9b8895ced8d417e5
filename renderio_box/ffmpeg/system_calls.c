/*
 * The system calls that a program behind the launcher's walls cannot make.
 *
 * A list of what is refused, with a fence behind it: whatever this file has not heard of is
 * answered like a call that the kernel does not have. What is refused is what no program that
 * turns media into media needs, and what reaches beyond the process: sockets, other processes,
 * the machine, and everything about a file that is not its content (a job's inputs are hard
 * links to stored files, and neither their modes nor their times may change). Starting other
 * programs is Landlock's business; making processes is refused here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "The system call filter knows x86_64 and aarch64."
#endif

/* What headers older than the kernel lack; from 424 on the numbers are the same everywhere. */
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd 443
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret 447
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_statmount
#define __NR_statmount 457
#define __NR_listmount 458
#endif
#ifndef __NR_lsm_set_self_attr
#define __NR_lsm_set_self_attr 460
#endif
#define LAST_KNOWN 462 /* mseal; the next ones set extended attributes by new names */
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
#define CLONE_ANY_NEW_NAMESPACE \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID \
     | CLONE_NEWNET)
#define SET_ID_BITS (S_ISUID | S_ISGID)
#define ACCESS_MODE 3 /* O_ACCMODE has one bit more in musl */
#define MAKES_A_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define X32 0x40000000u /* set in the number of a call by the x32 ABI */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool forbid_system_calls(bool with_controls);

/* EACCES, which FFmpeg reports as "Permission denied" */
static const int SOCKETS[] = {__NR_socket, __NR_socketpair};

/* ENOSYS: programs fall back to what they did before these existed, and that is filtered */
static const int TOO_NEW[] = {
    __NR_clone3, __NR_io_uring_enter, __NR_io_uring_register, __NR_io_uring_setup, __NR_openat2,
};

static const int FORBIDDEN[] = {
    /* processes, and what belongs to them */
    __NR_execveat, __NR_get_robust_list, __NR_kcmp, __NR_migrate_pages, __NR_move_pages,
    __NR_perf_event_open, __NR_personality, __NR_pidfd_getfd, __NR_pidfd_open,
    __NR_pidfd_send_signal, __NR_process_madvise, __NR_process_mrelease, __NR_process_vm_readv,
    __NR_process_vm_writev, __NR_ptrace, __NR_setpgid, __NR_setsid, __NR_userfaultfd,
    /* watching what others do to files: Landlock lets it, and names of files are secrets */
    __NR_inotify_add_watch, __NR_inotify_init1,
    /* files without a name: no limit counts them, and Landlock lets them be executed */
    __NR_memfd_create, __NR_memfd_secret,
    /* what processes share */
    __NR_add_key, __NR_keyctl, __NR_mq_open, __NR_mq_unlink, __NR_msgctl, __NR_msgget,
    __NR_msgrcv, __NR_msgsnd, __NR_request_key, __NR_semctl, __NR_semget, __NR_semop,
    __NR_semtimedop, __NR_shmat, __NR_shmctl, __NR_shmdt, __NR_shmget,
    /* a file's owner, mode, times, attributes, and its other names; truncating by name, which
       Landlock learned only with ABI 3 */
    __NR_fchmod, __NR_fchmodat, __NR_fchmodat2, __NR_fchown, __NR_fchownat, __NR_fremovexattr,
    __NR_fsetxattr, __NR_linkat, __NR_lremovexattr, __NR_lsetxattr, __NR_mknodat,
    __NR_removexattr, __NR_setxattr, __NR_symlinkat, __NR_truncate, __NR_utimensat,
    /* namespaces, mounts, and files by handle */
    __NR_chroot, __NR_fsconfig, __NR_fsmount, __NR_fsopen, __NR_fspick, __NR_listmount,
    __NR_mount, __NR_mount_setattr, __NR_move_mount, __NR_name_to_handle_at,
    __NR_open_by_handle_at, __NR_open_tree, __NR_pivot_root, __NR_setns, __NR_statmount,
    __NR_umount2, __NR_unshare,
    /* the machine */
    __NR_acct, __NR_adjtimex, __NR_bpf, __NR_clock_adjtime, __NR_clock_settime,
    __NR_delete_module, __NR_fanotify_init, __NR_fanotify_mark, __NR_finit_module,
    __NR_init_module, __NR_kexec_file_load, __NR_kexec_load, __NR_lsm_set_self_attr,
    __NR_quotactl, __NR_quotactl_fd, __NR_reboot, __NR_setdomainname, __NR_sethostname,
    __NR_settimeofday, __NR_swapoff, __NR_swapon, __NR_sync, __NR_syncfs, __NR_syslog,
    __NR_vhangup,
#ifdef __NR_lookup_dcookie /* gone from the newest headers */
    __NR_lookup_dcookie,
#endif
#ifdef __x86_64__ /* what newer architectures never had */
    __NR_chmod, __NR_chown, __NR_fork, __NR_futimesat, __NR_inotify_init, __NR_ioperm, __NR_iopl,
    __NR_lchown, __NR_link, __NR_mknod, __NR_modify_ldt, __NR_symlink, __NR_sysfs, __NR_uselib, __NR_ustat,
    __NR_utime, __NR_utimes, __NR_vfork,
#endif
};

/* Calls that name a process, and which argument does: it can only be the caller itself. */
static const struct {
    int call, argument;
    bool zero_is_self;
} ON_PROCESSES[] = {
    {__NR_kill, 0, false}, /* zero is the whole group */
    {__NR_tkill, 0, false},
    {__NR_tgkill, 0, false}, /* any thread of this process */
    {__NR_rt_sigqueueinfo, 0, false},
    {__NR_rt_tgsigqueueinfo, 0, false},
    {__NR_prlimit64, 0, true},
    {__NR_sched_setaffinity, 0, true},
    {__NR_sched_setattr, 0, true},
    {__NR_sched_setparam, 0, true},
    {__NR_sched_setscheduler, 0, true},
    {__NR_setpriority, 1, true},
    {__NR_ioprio_set, 1, true},
};
#define IOPRIO_WHO_PROCESS 1

/* Calls that do many things, and what of these is refused. */
static const struct {
    int call, argument;
    uint32_t value;
} ON_VALUES[] = {
    {__NR_fcntl, 1, F_SETOWN}, /* with F_SETSIG: any signal to any process of the user */
    {__NR_fcntl, 1, F_SETOWN_EX},
    {__NR_fcntl, 1, F_SETSIG},
    {__NR_fcntl, 1, F_SETLEASE}, /* would make others wait who open the same stored file */
    {__NR_fcntl, 1, F_NOTIFY},
    {__NR_prctl, 0, PR_SET_PDEATHSIG}, /* else it could outlive its parent after all */
    {__NR_prctl, 0, PR_SCHED_CORE},
};

/*
 * All that is allowed of ioctl: whether it is a terminal, and how a pipe is read. Others make
 * file systems change files that are open for reading only, or make subvolumes in directories,
 * and Landlock does not hear of it.
 */
static const uint32_t CONTROLS[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};

/*
 * The families of requests, by the byte that each carries, that graphics and video devices know:
 * DRM, NVIDIA's, video and media, shared buffers and what waits for them, and nvidia-uvm, which
 * numbers its own without any. None of them means anything to a file system.
 */
static const uint32_t DEVICE_FAMILIES[] = {'d', 'F', 'V', '|', 'b', '>', 0};
#define FAMILY 0xff00
#define FAMILY_SHIFT 8

/* Calls that open or make files, and which arguments are the flags and the mode; -1 for none. */
static const struct {
    int call, flags, mode;
} OPENING[] = {
    {__NR_openat, 2, 3},
    {__NR_mkdirat, -1, 2},
#ifdef __x86_64__
    {__NR_open, 1, 2},
    {__NR_creat, -1, 1},
    {__NR_mkdir, -1, 1},
#endif
};

/* ---- a program for the kernel's small machine ---------------------------------------- */
/*
 * One rule after the other. Each begins and ends with the call's number in the accumulator, and
 * jumps only within itself: an instruction says how many to skip when its test is true and when
 * it is not. Arguments are compared by their lower half, all that the kernel looks at in these.
 */

struct filter {
    unsigned short length;
    struct sock_filter code[1024];
};

static void add(struct filter *filter, int code, uint32_t value, int if_true, int if_false)
{
    if (filter->length < COUNT(filter->code))
        filter->code[filter->length] =
            (struct sock_filter){(uint16_t)code, (uint8_t)if_true, (uint8_t)if_false, value};
    filter->length++;
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_number(struct filter *filter) { load(filter, offsetof(struct seccomp_data, nr)); }

static void load_argument(struct filter *filter, int argument)
{
    load(filter, offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)argument);
}

static void skip(struct filter *filter, int test, uint32_t value, int if_true, int if_false)
{
    add(filter, BPF_JMP | BPF_K | test, value, if_true, if_false);
}

static void answer(struct filter *filter, uint32_t what)
{
    add(filter, BPF_RET | BPF_K, what, 0, 0);
}

static void refuse(struct filter *filter, const int *calls, size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        skip(filter, BPF_JEQ, (uint32_t)calls[i], 0, 1);
        answer(filter, SECCOMP_RET_ERRNO | (uint32_t)error);
    }
}

static void refuse_if(struct filter *filter, int call, int argument, int test, uint32_t value)
{
    skip(filter, BPF_JEQ, (uint32_t)call, 0, 3);
    load_argument(filter, argument);
    skip(filter, test, value, 0, 1);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    load_number(filter);
}

static void refuse_unless(
    struct filter *filter, int call, int argument, int test, uint32_t value, uint32_t or_value)
{
    skip(filter, BPF_JEQ, (uint32_t)call, 0, 4);
    load_argument(filter, argument);
    skip(filter, test, value, 2, 0);
    skip(filter, test, or_value, 1, 0);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    load_number(filter);
}

static void refuse_if_masked(struct filter *filter, int call, int argument, int mask, int value)
{
    skip(filter, BPF_JEQ, (uint32_t)call, 0, 5);
    load_argument(filter, argument);
    add(filter, BPF_ALU | BPF_AND | BPF_K, (uint32_t)mask, 0, 0);
    skip(filter, BPF_JEQ, (uint32_t)value, 0, 1);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    load_number(filter);
}

static void refuse_other_requests(struct filter *filter, bool with_devices)
{
    int families = with_devices ? (int)COUNT(DEVICE_FAMILIES) : 0;
    int asked = families > 0 ? families + 1 : 0; /* with the instruction that masks */
    int known = (int)COUNT(CONTROLS);
    skip(filter, BPF_JEQ, __NR_ioctl, 0, known + asked + 3);
    load_argument(filter, 1);
    for (int i = 0; i < known; i++)
        skip(filter, BPF_JEQ, CONTROLS[i], known - i + asked, 0);
    if (families > 0)
        add(filter, BPF_ALU | BPF_AND | BPF_K, FAMILY, 0, 0);
    for (int i = 0; i < families; i++)
        skip(filter, BPF_JEQ, DEVICE_FAMILIES[i] << FAMILY_SHIFT, families - i, 0);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    load_number(filter);
}

/* The mode means something only where a file is made; old libraries leave rubbish there. */
static void refuse_set_id(struct filter *filter, int call, int flags, int mode)
{
    skip(filter, BPF_JEQ, (uint32_t)call, 0, 6);
    load_argument(filter, flags);
    skip(filter, BPF_JSET, MAKES_A_FILE, 0, 3);
    load_argument(filter, mode);
    skip(filter, BPF_JSET, SET_ID_BITS, 0, 1);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
    load_number(filter);
}

/*
 * Opening for neither reading nor writing, which only Linux knows (3), needs no right from
 * Landlock; nor does, before ABI 3, truncating what is opened for reading.
 */
static void check_opening(struct filter *filter)
{
    for (size_t i = 0; i < COUNT(OPENING); i++) {
        int call = OPENING[i].call, flags = OPENING[i].flags, mode = OPENING[i].mode;
        if (flags < 0) {
            refuse_if(filter, call, mode, BPF_JSET, SET_ID_BITS);
            continue;
        }
        refuse_if_masked(filter, call, flags, ACCESS_MODE, ACCESS_MODE);
        refuse_if_masked(filter, call, flags, ACCESS_MODE | O_TRUNC, O_RDONLY | O_TRUNC);
        refuse_set_id(filter, call, flags, mode);
    }
    refuse_if(filter, __NR_renameat2, 4, BPF_JSET, RENAME_WHITEOUT); /* leaves a device behind */
}

static void check_architecture(struct filter *filter)
{
    load(filter, offsetof(struct seccomp_data, arch));
    skip(filter, BPF_JEQ, ARCHITECTURE, 1, 0);
    answer(filter, SECCOMP_RET_KILL_PROCESS);
    load_number(filter);
#ifdef __x86_64__
    skip(filter, BPF_JGE, X32, 0, 1);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
#endif
    skip(filter, BPF_JGT, LAST_KNOWN, 0, 1);
    answer(filter, SECCOMP_RET_ERRNO | ENOSYS);
}

/* Threads only: fork is a clone() without CLONE_THREAD. */
static void check_arguments(struct filter *filter, uint32_t self, bool with_controls)
{
    refuse_unless(filter, __NR_clone, 0, BPF_JSET, CLONE_THREAD, CLONE_THREAD);
    refuse_if(filter, __NR_clone, 0, BPF_JSET, CLONE_ANY_NEW_NAMESPACE);
    refuse_other_requests(filter, with_controls);
    for (size_t i = 0; i < COUNT(ON_VALUES); i++)
        refuse_if(filter, ON_VALUES[i].call, ON_VALUES[i].argument, BPF_JEQ, ON_VALUES[i].value);
    for (size_t i = 0; i < COUNT(ON_PROCESSES); i++)
        refuse_unless(filter, ON_PROCESSES[i].call, ON_PROCESSES[i].argument, BPF_JEQ, self,
                      ON_PROCESSES[i].zero_is_self ? 0 : self);
    refuse_unless(filter, __NR_setpriority, 0, BPF_JEQ, PRIO_PROCESS, PRIO_PROCESS);
    refuse_unless(filter, __NR_ioprio_set, 0, BPF_JEQ, IOPRIO_WHO_PROCESS, IOPRIO_WHO_PROCESS);
}

/* Needs no_new_privs. This process keeps its id when it becomes another program. */
bool forbid_system_calls(bool with_controls)
{
    struct filter filter = {0};
    check_architecture(&filter);
    refuse(&filter, SOCKETS, COUNT(SOCKETS), EACCES);
    refuse(&filter, TOO_NEW, COUNT(TOO_NEW), ENOSYS);
    refuse(&filter, FORBIDDEN, COUNT(FORBIDDEN), EPERM);
    check_opening(&filter);
    check_arguments(&filter, (uint32_t)getpid(), with_controls);
    answer(&filter, SECCOMP_RET_ALLOW);
    if (filter.length > COUNT(filter.code)) {
        errno = E2BIG;
        return false;
    }
    struct sock_fprog program = {filter.length, filter.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}
