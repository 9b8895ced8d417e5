/*
 * Makes every system call that the launcher's filter refuses, names each that is not refused as
 * it should be, and ends with their number. All arguments are invalid, should one get through.
 */
#include "system_calls.c"

#include <stdio.h>

static int got_through(const char *list, int call, long first, long second, int refusal)
{
    errno = 0;
    if (syscall(call, first, second, -1L, -1L, -1L, -1L) == -1 && errno == refusal)
        return 0;
    printf("%s: call %d with %ld, %ld: errno %d\n", list, call, first, second, errno);
    return 1;
}

int main(void)
{
    int count = 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !forbid_system_calls(false))
        return 255;
    for (size_t i = 0; i < COUNT(SOCKETS); i++)
        count += got_through("SOCKETS", SOCKETS[i], -1, -1, EACCES);
    for (size_t i = 0; i < COUNT(TOO_NEW); i++)
        count += got_through("TOO_NEW", TOO_NEW[i], -1, -1, ENOSYS);
    for (size_t i = 0; i < COUNT(FORBIDDEN); i++)
        count += got_through("FORBIDDEN", FORBIDDEN[i], -1, -1, EPERM);
    for (size_t i = 0; i < COUNT(ON_PROCESSES); i++)
        count += got_through("ON_PROCESSES", ON_PROCESSES[i].call, -1, -1, EPERM);
    for (size_t i = 0; i < COUNT(ON_VALUES); i++) {
        long words[] = {-1, -1};
        words[ON_VALUES[i].argument] = ON_VALUES[i].value;
        count += got_through("ON_VALUES", ON_VALUES[i].call, words[0], words[1], EPERM);
    }
    for (int call = LAST_KNOWN + 1; call < LAST_KNOWN + 100; call++)
        count += got_through("LAST_KNOWN", call, -1, -1, ENOSYS);
    return count;
}
