/* send.c - the subcommand that sends bytes to a device: a text, hexadecimal digits, a file, or standard input. */
#include "cli/send.h"

#include "cli/session.h"

#include "base/base64.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { PIECE = 32 * 1024 }; /* bytes of a file in one request; a text goes in one */

enum line_end { END_NONE, END_LF, END_CR, END_CRLF };
static const char *const end_words[] = {"none", "lf", "cr", "crlf", NULL};
static const char *const ends[] = {"", "\n", "\r", "\r\n"};

const struct pm_option pm_send_rows[] = {
    {.name = "hex",
     .type = PM_OPTION_TEXT,
     .offset = offsetof(struct pm_send_values, hex),
     .argument = "DIGITS",
     .purpose = "send these bytes: \"02 ff 0d\"; white space does not count"},
    {.name = "file",
     .type = PM_OPTION_TEXT,
     .offset = offsetof(struct pm_send_values, file),
     .argument = "FILE",
     .purpose = "send what is in this file; \"-\" is the standard input"},
    {.name = "end",
     .type = PM_OPTION_WORD,
     .offset = offsetof(struct pm_send_values, end),
     .words = end_words,
     .initial = "none",
     .argument = "WORD",
     .purpose = "put an end behind the text, which is sent as it stands (\\n in it is two signs)"},
    {0},
};

static json_t *payload(const char *name, const uint8_t *p, size_t n)
{
    size_t length = pm_base64_length(n);
    PM_AUTO_FREE char *text = malloc(length + 1);
    if (!text)
        return NULL;
    pm_base64_encode(p, n, text);
    return json_pack("{s:s, s:{s:s%}}", "name", name, "payload", "base64", text, length);
}

static enum pm_exit send_piece(struct pm_client *client, const struct pm_common *common, const char *name,
                               const uint8_t *p, size_t n)
{
    json_t *data = payload(name, p, n), *answer;
    if (!data) {
        fputs("The name must be UTF-8 text.\n", stderr);
        return PM_EXIT_USAGE;
    }
    enum pm_exit code = pm_session_ask(client, common, "send-raw", data, &answer);
    if (code == PM_EXIT_OK)
        json_decref(answer);
    return code;
}

static enum pm_exit complain(const char *file, int error)
{
    fprintf(stderr, "%s cannot be read: %s.\n", file, strerror(error));
    return PM_EXIT_IO;
}

/* Fill the buffer, or read to the end. */
static ssize_t read_piece(int fd, uint8_t *buffer)
{
    size_t have = 0;
    while (have < PIECE) {
        ssize_t n = read(fd, buffer + have, PIECE - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static enum pm_exit send_stream(struct pm_client *client, const struct pm_send_values *v, const char *name,
                                const char *file, size_t *ret_sent)
{
    bool is_stdin = strcmp(file, "-") == 0;
    PM_AUTO_CLOSE int opened = is_stdin ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (!is_stdin && opened < 0)
        return complain(file, errno);
    uint8_t buffer[PIECE + 2];
    size_t end = strlen(ends[v->end]);
    enum pm_exit code = PM_EXIT_OK;
    for (bool more = true; more && code == PM_EXIT_OK;) {
        ssize_t n = read_piece(is_stdin ? STDIN_FILENO : opened, buffer);
        if (n < 0)
            return complain(file, (int)-n);
        more = n == PIECE;
        if (!more) {
            memcpy(buffer + n, ends[v->end], end);
            n += (ssize_t)end;
        }
        if (n > 0)
            code = send_piece(client, &v->common, name, buffer, (size_t)n);
        *ret_sent += (size_t)n;
    }
    return code;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits a byte, white space between bytes. Returns the length, or -EINVAL. `out` holds half of the text. */
static ssize_t parse_hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    while (true) {
        text += strspn(text, " \t\n\r,:");
        if (!*text)
            return (ssize_t)n;
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0)
            return -EINVAL;
        out[n++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
}

static enum pm_exit send_text(struct pm_client *client, const struct pm_send_values *v, const char *name,
                              const char *text, size_t *ret_sent)
{
    const char *end = ends[v->end];
    PM_AUTO_FREE uint8_t *bytes = malloc(strlen(text) + strlen(end) + 1);
    if (!bytes)
        return PM_EXIT_OS;
    ssize_t n = (ssize_t)strlen(text);
    if (v->hex)
        n = parse_hex(text, bytes);
    else
        memcpy(bytes, text, (size_t)n);
    if (n < 0) {
        fputs("\"hex\" must be pairs of hexadecimal digits, such as \"02 ff 0d\".\n", stderr);
        return PM_EXIT_USAGE;
    }
    memcpy(bytes + n, end, strlen(end));
    *ret_sent = (size_t)n + strlen(end);
    return send_piece(client, &v->common, name, bytes, *ret_sent);
}

enum pm_exit pm_send_command(const struct pm_command *self, void *values, char **words, unsigned n)
{
    const struct pm_send_values *v = values;
    const char *text = n > 1 ? words[1] : NULL;
    size_t sent = 0;
    struct pm_client *client;
    if ((text != NULL) + (v->hex != NULL) + (v->file != NULL) != 1)
        return pm_command_usage(self, "\"send\" takes a TEXT, --hex or --file: one of them");
    enum pm_exit code = pm_session_open(&v->common, NULL, NULL, &client);
    if (code != PM_EXIT_OK)
        return code;
    const char *file = v->file ? v->file : text && strcmp(text, "-") == 0 ? text : NULL;
    if (file)
        code = send_stream(client, v, words[0], file, &sent);
    else
        code = send_text(client, v, words[0], v->hex ? v->hex : text, &sent);
    pm_client_close(client);
    if (code == PM_EXIT_OK && v->common.json)
        printf("{\"ok\": true, \"bytes\": %zu}\n", sent);
    else if (code == PM_EXIT_OK)
        printf("%zu byte%s sent.\n", sent, sent == 1 ? "" : "s");
    return code;
}
