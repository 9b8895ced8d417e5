/*
 * Code that an uploaded file makes FFmpeg run: it tries to get out, and tells what came of it.
 *
 * It runs when FFmpeg loads it, and finds its orders among FFmpeg's own arguments:
 * "probe=ROOT,VICTIM,TCP,UDP,DEED". Under ROOT are inputs/, which it may read, work/, which it
 * may write to, and outside/; VICTIM is a process of the same user; the ports are listened on.
 * For each attempt it writes a line "probe: NAME=0", or the number of the error instead of 0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SECONDS_LEFT_BEHIND 20
#define SECRET "the secret of these tests"
#define X32 0x40000000
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)
#define TRY(name, attempt) (errno = 0, tell(name, (long)(attempt)))

static char root[512], deed[16];
static int victim, tcp_port, udp_port;

static void tell(const char *name, long result)
{
    dprintf(STDERR_FILENO, "probe: %s=%d\n", name, result >= 0 ? 0 : errno ? errno : EIO);
}

/* It stays what it is until the fourth path after it is asked for. */
static const char *path(const char *place, const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    char *built = paths[next++ % 4];
    snprintf(built, sizeof paths[0], "%s/%s", place, name);
    return built;
}

static const char *at(const char *name) { return path(root, name); }

static const char *of_victim(const char *name)
{
    char directory[64];
    snprintf(directory, sizeof directory, "/proc/%d", victim);
    return path(directory, name);
}

/* ---- secrets ------------------------------------------------------------------------ */

/* Reading is a breach only when the secret is there to be read. */
static long holds_secret(int file)
{
    char text[8192];
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text);
    return length > 0 && memmem(text, (size_t)length, SECRET, strlen(SECRET)) != NULL ? 0 : -1;
}

static long reads(const char *file) { return holds_secret(open(file, O_RDONLY)); }
static long lists(const char *directory) { return open(directory, O_RDONLY | O_DIRECTORY); }

static long follows_a_link(void)
{
    return symlink(at("outside/secret"), at("work/to-secret")) < 0 ? -1 : reads(at("work/to-secret"));
}

static long opens_by_openat2(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return holds_secret((int)syscall(SYS_openat2, AT_FDCWD, at("outside/secret"), how, sizeof how));
}

static long finds_by_handle(void)
{
    union {
        struct file_handle head;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    return name_to_handle_at(AT_FDCWD, at("outside/secret"), &handle.head, &(int){0}, 0);
}

static long opens_victim(void) { return syscall(SYS_pidfd_open, victim, 0); }

static long takes_a_descriptor(void)
{
    int process = (int)opens_victim();
    return process < 0 ? -1 : holds_secret((int)syscall(SYS_pidfd_getfd, process, 0, 0));
}

/* Nothing is at that address: EFAULT says that it was looked for. */
static long reads_memory(void)
{
    char byte;
    struct iovec into = {&byte, 1}, from = {(void *)8, 1};
    return process_vm_readv(victim, &into, 1, &from, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
}

static long traces(void)
{
    if (ptrace(PTRACE_SEIZE, victim, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, victim, 0, 0) < 0)
        return -1;
    waitpid(victim, NULL, __WALL); /* only a stopped process can be let go */
    return ptrace(PTRACE_DETACH, victim, 0, 0);
}

static void try_secrets(void)
{
    TRY("read its input", open(at("inputs/clip"), O_RDONLY));
    TRY("read a secret", reads(at("outside/secret")));
    TRY("list secrets", lists(at("outside")));
    TRY("watch secrets", inotify_add_watch(inotify_init1(0), at("outside"), IN_ALL_EVENTS));
    TRY("look for a secret", access(at("outside/secret"), F_OK));
    TRY("open a secret for neither reading nor writing", open(at("outside/secret"), 3));
    TRY("read a secret by openat2", opens_by_openat2());
    TRY("read a secret through a link", follows_a_link());
    TRY("take a secret over", rename(at("outside/taken"), at("work/taken")));
    TRY("give a secret a second name", link(at("outside/secret"), at("work/named-again")));
    TRY("find a secret by its handle", finds_by_handle());
    TRY("read the list of users", open("/etc/passwd", O_RDONLY));
    TRY("list processes", lists("/proc"));
    TRY("read another's environment", reads(of_victim("environ")));
    TRY("read another's open file", reads(of_victim("fd/0")));
    TRY("enter another's directory", lists(of_victim("cwd")));
    TRY("enter another's root", lists(of_victim("root/etc")));
    TRY("open another's memory", open(of_victim("mem"), O_RDWR));
    TRY("read another's memory", reads_memory());
    TRY("trace another", traces());
    TRY("take a descriptor of another's", takes_a_descriptor());
    TRY("compare itself with another", syscall(SYS_kcmp, getpid(), victim, 1, 0, 0));
}

/* ---- sockets ------------------------------------------------------------------------- */

static long connects(int kind, int port)
{
    struct sockaddr_in address = {AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
    int made = socket(AF_INET, kind, 0);
    return connect(made, (void *)&address, sizeof address) < 0 ? -1 : write(made, "x", 1);
}

static long meets(const char *name, int letters_before, int (*how)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un address = {AF_UNIX, {0}};
    size_t length = strlen(name) + (size_t)letters_before;
    strncpy(address.sun_path + letters_before, name, sizeof address.sun_path - 2);
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    return how(made, (void *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static void try_sockets(void)
{
    char hidden[64];
    snprintf(hidden, sizeof hidden, "renderio-probe-%d", tcp_port);
    TRY("connect by TCP", connects(SOCK_STREAM, tcp_port));
    TRY("send by UDP", connects(SOCK_DGRAM, udp_port));
    TRY("listen on TCP", listen(socket(AF_INET, SOCK_STREAM, 0), 1));
    TRY("connect to a named socket", meets(at("outside/door"), 0, connect));
    TRY("connect to an abstract socket", meets(hidden, 1, connect));
    TRY("make a named socket", meets(at("work/socket"), 0, bind));
    TRY("ask the kernel about networks", socket(AF_NETLINK, SOCK_RAW, 0));
    TRY("make a pair of sockets", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}));
    TRY("use io_uring", syscall(SYS_io_uring_setup, 8, (char[256]){0}));
}

/* ---- other processes ----------------------------------------------------------------- */

static _Noreturn void stay(void)
{
    setsid();
    alarm(SECONDS_LEFT_BEHIND);
    for (;;)
        pause();
}

static long leaves(long child)
{
    if (child == 0)
        stay();
    return child;
}

static long leaves_a_daemon(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        _exit(leaves(fork()) < 0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static long leaves_by_vfork(void)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(0);
    return child;
}

static long clones(unsigned long flags) { return leaves(syscall(SYS_clone, flags, 0, 0, 0, 0)); }

static long clones_by_clone3(void)
{
    struct clone_args how = {.exit_signal = SIGCHLD};
    return leaves(syscall(SYS_clone3, &how, sizeof how));
}

static long spawns(void)
{
    errno = posix_spawn(&(pid_t){0}, "/bin/true", NULL, NULL, (char *[]){"true", NULL}, NULL);
    return errno == 0 ? 0 : -1;
}

static void *nothing(void *given) { return given; }

static long starts_a_thread(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, nothing, NULL);
    return errno == 0 ? pthread_join(thread, NULL) : -1;
}

static void try_processes(void)
{
    struct sched_param usual = {0};
    struct rlimit few = {64, 64};
    cpu_set_t every, one;
    memset(&every, 0xff, sizeof every);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    TRY("start a thread", starts_a_thread());
    TRY("use every processor", sched_setaffinity(0, sizeof every, &every));
    TRY("outlive its parent", prctl(PR_SET_PDEATHSIG, 0));
    TRY("signal another", kill(victim, 0));
    TRY("signal all", kill(-1, 0));
    TRY("signal its group", kill(0, 0));
    TRY("signal another's thread", syscall(SYS_tgkill, victim, victim, 0));
    TRY("queue a signal to another", sigqueue(victim, 0, (union sigval){0}));
    TRY("open another", opens_victim());
    TRY("have another signalled", fcntl(STDERR_FILENO, F_SETOWN, victim));
    TRY("change another's limits", prlimit(victim, RLIMIT_NOFILE, &few, NULL));
    TRY("change another's niceness", setpriority(PRIO_PROCESS, (id_t)victim, 19));
    TRY("change another's processors", sched_setaffinity(victim, sizeof one, &one));
    TRY("change another's scheduling", sched_setscheduler(victim, SCHED_BATCH, &usual));
    TRY("change another's disk priority",
        syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, victim, IOPRIO_IDLE));
    TRY("fork", leaves(fork()));
    TRY("leave a daemon", leaves_a_daemon());
    TRY("vfork", leaves_by_vfork());
    TRY("clone", clones(SIGCHLD));
    TRY("clone a sibling", clones(CLONE_PARENT | SIGCHLD));
    TRY("clone into a namespace", clones(CLONE_NEWUSER | SIGCHLD));
    TRY("clone by clone3", clones_by_clone3());
    TRY("spawn a program", spawns());
    TRY("ask a shell", system("exit 0") == 0 ? 0 : -1);
}

/* ---- files that stay ----------------------------------------------------------------- */

static long makes(const char *file, mode_t mode) { return open(file, O_CREAT | O_WRONLY, mode); }

static long on_input(long (*act)(int)) { return act(open(at("inputs/clip"), O_RDONLY)); }
static long has_mode_changed(int file) { return fchmod(file, 0666); }
static long has_times_changed(int file) { return futimens(file, NULL); }
static long has_flags_changed(int file) { return ioctl(file, FS_IOC_SETFLAGS, &(int){FS_NODUMP_FL}); }
static long has_version_changed(int file) { return ioctl(file, FS_IOC_SETVERSION, &(int){7}); }
static long is_locked(int file) { return flock(file, LOCK_EX | LOCK_NB); }

/* Given back at once, for a lease that is broken sends a signal. */
static long is_leased(int file)
{
    return fcntl(file, F_SETLEASE, F_RDLCK) < 0 ? -1 : fcntl(file, F_SETLEASE, F_UNLCK);
}

static long leaves_a_device_by_renaming(void)
{
    return syscall(SYS_renameat2, AT_FDCWD, at("work/own"), AT_FDCWD, at("work/renamed"), RENAME_WHITEOUT);
}

static long plants_at(const char *directory)
{
    char name[64];
    snprintf(name, sizeof name, "renderio-probe-%d", tcp_port);
    return makes(path(directory, name), 0600);
}

static void try_files(void)
{
    char input[1024];
    strcpy(input, at("inputs/clip"));
    TRY("write in its directory", makes(at("work/own"), 0600));
    TRY("write another in its directory", makes(at("work/raised-later"), 0600));
    TRY("make a folder in its directory", mkdir(at("work/folder"), 0700));
    TRY("write outside", makes(at("outside/planted"), 0600));
    TRY("make a folder outside", mkdir(at("outside/folder"), 0700));
    TRY("write beside its input", makes(at("inputs/planted"), 0600));
    TRY("write in /tmp", plants_at("/tmp"));
    TRY("write in /var/tmp", plants_at("/var/tmp"));
    TRY("write in /dev/shm", plants_at("/dev/shm"));
    TRY("lease its input", on_input(is_leased)); /* before anything writes to it */
    TRY("append to its input", open(input, O_WRONLY | O_APPEND));
    TRY("change its input's mode", chmod(input, 0666));
    TRY("change its input's mode when open", on_input(has_mode_changed));
    TRY("change its input's owner", chown(input, getuid(), getgid()));
    TRY("change its input's times", utimensat(AT_FDCWD, input, NULL, 0));
    TRY("change its input's times when open", on_input(has_times_changed));
    TRY("give its input an attribute", setxattr(input, "user.probe", "x", 1, 0));
    TRY("change its input's flags", on_input(has_flags_changed));
    TRY("change its input's version", on_input(has_version_changed));
    TRY("lock its input", on_input(is_locked));
    TRY("link its input", link(input, at("work/linked")));
    TRY("link its own file", link(at("work/own"), at("work/second")));
    TRY("make a symbolic link", symlink("/etc/passwd", at("work/symbolic")));
    TRY("make a pipe", mkfifo(at("work/pipe"), 0600));
    TRY("make a device", mknod(at("work/device"), S_IFCHR | 0600, 0));
    TRY("leave a device by renaming", leaves_a_device_by_renaming());
    TRY("make a set-user-id file", makes(at("work/raised"), 04755));
    TRY("make a set-group-id folder", mkdir(at("work/raised-folder"), 02755));
    TRY("raise its own file", chmod(at("work/raised-later"), 04755));
    TRY("truncate its input by opening it to read", open(input, O_RDONLY | O_TRUNC));
    TRY("truncate its input", truncate(input, 1));
    TRY("move its input", rename(at("inputs/moved"), at("work/moved")));
    TRY("remove its input", unlink(at("inputs/removed")));
}

/* ---- the kernel ---------------------------------------------------------------------- */

static long shares_memory(void)
{
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    return segment < 0 ? -1 : shmctl(segment, IPC_RMID, NULL);
}

static long counts_events(void)
{
    struct perf_event_attr event = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1, .exclude_hv = 1};
    return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
}

static void try_kernel(void)
{
    TRY("keep a file without a name", memfd_create("probe", 0));
    TRY("use a keyring", syscall(SYS_keyctl, 0, -3, 1));
    TRY("share memory", shares_memory());
    TRY("change its personality", personality(ADDR_NO_RANDOMIZE));
    TRY("handle its own page faults", syscall(SYS_userfaultfd, 1));
    TRY("count events", counts_events());
    TRY("load a program into the kernel", syscall(SYS_bpf, 0, (char[128]){1}, 128));
#ifdef __x86_64__
    TRY("call by x32", syscall(X32 | SYS_getpid));
#endif
}

/* ---- ends ---------------------------------------------------------------------------- */

static void *never_ends(void *given)
{
    for (;;)
        pause();
    return given;
}

static void end(void)
{
    if (strcmp(deed, "all") == 0) {
        execl("/bin/sh", "sh", "-c", "echo 'probe: become a shell=0' >&2", NULL);
        tell("become a shell", -1);
    } else if (strcmp(deed, "stop") == 0) {
        kill(getpid(), SIGSTOP);
    } else if (strcmp(deed, "half-end") == 0) {
        pthread_create(&(pthread_t){0}, NULL, never_ends, NULL);
        syscall(SYS_exit, 0);
    }
#ifdef __x86_64__
    else if (strcmp(deed, "int80") == 0) {
        long answer = 20; /* getpid */
        __asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
        TRY("call by interrupt", answer);
    }
#endif
    _exit(0);
}

__attribute__((constructor)) static void begin(int count, char **words)
{
    while (count-- > 0)
        if (sscanf(words[count], "probe=%511[^,],%d,%d,%d,%15s", root, &victim, &tcp_port, &udp_port, deed) == 5) {
            if (strcmp(deed, "all") == 0) {
                try_secrets();
                try_sockets();
                try_processes();
                try_files();
                try_kernel();
            }
            end();
        }
}
