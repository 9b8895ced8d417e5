/* A plug-in that somebody uploads: what it does when it is loaded leaves its mark outside. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((constructor)) static void run(void) {
    char secret[64] = {0};
    int file = open(SECRET, O_RDONLY);
    if (file >= 0 && read(file, secret, sizeof secret - 1) > 0) {
        dprintf(2, "%s\n", secret);
    }
    int planted = open(OUTSIDE "/native", O_CREAT | O_WRONLY, 0600);
    if (planted >= 0) {
        close(planted);
    }
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(sock, (struct sockaddr *)&address, sizeof address);
    kill(APPLIANCE, SIGUSR1);
    dprintf(2, "the plug-in ran\n");
}

const void *ladspa_descriptor(unsigned long index) { return (void *)(index & 0); }
