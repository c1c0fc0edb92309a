/* agent.c - process 1 of the guest: serves the requests of the tests on one TCP port. */

/*
 * A client sends one line, "TOKEN VERB ARGUMENTS\n", then:
 *   exec N     N bytes of shell command follow. From then on the guest sends frames: a type byte, a 32 bit big-endian
 *              length, the data: 'o' output, 'x' exit status as text, the last one. When the client goes away, the
 *              command's session is killed, so that a test that dies leaves nothing behind.
 *   tcp PORT   joins the connection to 127.0.0.1:PORT of the guest.
 *
 * usage: agent PORT TOKEN_FILE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* 0 on success, -1 on an error. */
static int write_all(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

/* 0 on success, -1 at the end of the file or on an error. */
static int read_all(int fd, void *data, size_t n)
{
    char *p = data;

    while (n > 0) {
        ssize_t k = read(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static int send_frame(int sock, char type, const void *data, size_t n)
{
    unsigned char head[5] = {(unsigned char)type};
    uint32_t be = htonl((uint32_t)n);

    memcpy(head + 1, &be, 4);
    return write_all(sock, head, sizeof(head)) || write_all(sock, data, n);
}

/* Sends once what `fd` has ready; false at its end. */
static bool pass_output(int sock, int fd)
{
    char buf[16384];
    ssize_t n = read(fd, buf, sizeof(buf));
    return n > 0 ? send_frame(sock, 'o', buf, (size_t)n) == 0 : n < 0 && errno == EINTR;
}

static pid_t start(const char *command, int *output)
{
    int out[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        die("pipe2");
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        setsid();
        signal(SIGPIPE, SIG_DFL);
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    *output = out[0];
    return pid;
}

/* The end of the process is the end of the command, not the end of its output: a daemon that it left running may hold
 * the pipe open. */
static void serve_exec(int sock, size_t length)
{
    char *command = calloc(1, length + 1), text[16];
    int output, status;
    if (!command || read_all(sock, command, length) < 0)
        exit(1);
    pid_t pid = start(command, &output);
    int ended = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p[] = {
        {.fd = sock, .events = POLLIN}, {.fd = output, .events = POLLIN}, {.fd = ended, .events = POLLIN}};
    if (ended < 0)
        die("pidfd_open");
    do {
        if (poll(p, 3, -1) < 0 && errno != EINTR)
            die("poll");
        if (p[0].revents) { /* the client has nothing more to say, so it went away */
            kill(-pid, SIGKILL);
            exit(0);
        }
        if (p[1].revents && !pass_output(sock, output))
            p[1].fd = -1;
    } while (!p[2].revents);
    while (pass_output(sock, output)) {
    }
    waitpid(pid, &status, 0);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    send_frame(sock, 'x', text, (size_t)snprintf(text, sizeof(text), "%d", code));
    exit(0);
}

/* Moves bytes both ways until both directions have ended. */
static void join(int a, int b)
{
    int fds[2] = {a, b};
    int open_ways = 2;
    char buf[65536];
    struct pollfd p[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};

    while (open_ways > 0) {
        if (poll(p, 2, -1) < 0)
            continue;
        for (int i = 0; i < 2; i++) {
            if (p[i].fd < 0 || !p[i].revents)
                continue;
            ssize_t n = read(fds[i], buf, sizeof(buf));
            if (n <= 0 || write_all(fds[!i], buf, (size_t)n) < 0) {
                shutdown(fds[!i], SHUT_WR);
                p[i].fd = -1;
                open_ways--;
            }
        }
    }
}

static void serve_tcp(int sock, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    join(sock, fd);
    exit(0);
}

static void serve(int sock, const char *token)
{
    char line[256], given[128];
    size_t n = 0;
    int at, number;

    do {
        if (n + 1 >= sizeof(line) || read_all(sock, line + n, 1) < 0)
            exit(1);
    } while (line[n++] != '\n');
    line[n] = '\0';
    if (sscanf(line, "%127s %n", given, &at) != 1 || strcmp(given, token) != 0)
        exit(1);
    if (sscanf(line + at, "exec %d", &number) == 1 && number >= 0)
        serve_exec(sock, (size_t)number);
    if (sscanf(line + at, "tcp %d", &number) == 1)
        serve_tcp(sock, number);
    exit(1);
}

int main(int argc, char **argv)
{
    char token[128] = "";
    int one = 1;
    FILE *f = argc == 3 ? fopen(argv[2], "re") : NULL;
    if (!f || fscanf(f, "%127s", token) != 1)
        die("usage: agent PORT TOKEN_FILE");
    fclose(f);

    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_ANY);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 64) < 0)
        die("listen");
    signal(SIGCHLD, SIG_IGN); /* nobody waits for what ends under process 1 */
    signal(SIGPIPE, SIG_IGN);
    puts("usb-rig: ready");
    fflush(stdout);

    for (;;) {
        int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0)
            continue;
        setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (fork() == 0) {
            close(listener);
            serve(sock, token);
        }
        close(sock);
    }
}
