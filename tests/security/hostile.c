/*
 * An FFmpeg that somebody has taken over: told "plant=WHAT", it leaves that in place of its
 * output, the last of its arguments, and ends well. Else it becomes the real one (REAL), which
 * the dynamic loader (LOADER) starts, because nothing else can be started behind our walls.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLANT "plant="

static int plant(const char *what, const char *input, const char *output)
{
    if (strcmp(what, "symbolic link") == 0)
        return symlink("/etc/passwd", output);
    if (strcmp(what, "pipe") == 0)
        return mkfifo(output, 0600);
    if (strcmp(what, "second name") == 0)
        return link(input, output);
    if (strcmp(what, "set-user-id") == 0)
        return write(open(output, O_CREAT | O_WRONLY, 04777), "text\n", 5) == 5 ? 0 : -1;
    return -1;
}

int main(int count, char **words)
{
    const char *input = NULL;
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i - 1], "-i") == 0)
            input = strncmp(words[i], "file:", 5) == 0 ? words[i] + 5 : words[i];
        if (strncmp(words[i], PLANT, strlen(PLANT)) == 0)
            return plant(words[i] + strlen(PLANT), input, words[count - 1]) == 0 ? 0 : 1;
    }
    char **real = calloc((size_t)count + 2, sizeof *real);
    real[0] = LOADER;
    real[1] = REAL;
    memcpy(real + 2, words + 1, (size_t)count * sizeof *real);
    execv(LOADER, real);
    return 127;
}
