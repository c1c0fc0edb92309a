/* access_peer_test.c - the kernel says whose the other end is, over both families; odd answers are refused. B34 is a
 * row of the hostile input matrix. */
#include "access/peer.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A connection over loopback: fds[0] connected, fds[1] accepted. */
static void connect_pair(int family, int fds[2])
{
    struct sockaddr_storage a = {.ss_family = (sa_family_t)family};
    socklen_t n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (family == AF_INET)
        ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)&a)->sin6_addr = in6addr_loopback;
    PM_AUTO_CLOSE int listener = socket(family, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
    fds[0] = socket(family, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&a, n), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
}

static void the_kernel_knows_the_user(void **state)
{
    (void)state;
    static const int families[] = {AF_INET, AF_INET6};
    struct pm_peers peer;
    assert_int_equal(pm_peer_open(&peer), 0);
    for (int i = 0; i < 2; i++) {
        int fds[2];
        uid_t uid = (uid_t)-1;
        connect_pair(families[i], fds);
        assert_int_equal(pm_peer_uid(&peer, fds[1], &uid), 0);
        assert_int_equal(uid, geteuid());
        close(fds[0]);
        assert_int_not_equal(pm_peer_uid(&peer, fds[1], &uid), 0); /* an orphan would look like root's */
        close(fds[1]);
    }
    pm_peer_close(&peer);
    uid_t uid;
    assert_true(pm_peer_uid(&peer, 0, &uid) < 0);
}

static void the_kernel_knows_it_of_unix_sockets_too(void **state)
{
    (void)state;
    int fds[2];
    uid_t uid;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(pm_peer_uid_unix(fds[0], &uid), 0);
    assert_int_equal(uid, geteuid());
    close(fds[0]);
    close(fds[1]);
}

struct reply {
    struct nlmsghdr head;
    struct inet_diag_msg body;
};

static void odd_answers_are_refused(void **state)
{
    (void)state;
    uid_t uid = 1;
    struct reply good = {{.nlmsg_len = sizeof(good), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_seq = 7},
                         {.idiag_uid = 1000, .idiag_inode = 5}};
    assert_int_equal(pm_peer_reply((uint8_t *)&good, sizeof(good), 7, &uid), 0);
    assert_int_equal(uid, 1000);
    for (size_t n = 0; n < sizeof(good); n++)
        assert_int_equal(pm_peer_reply((uint8_t *)&good, n, 7, &uid), -EPROTO);
    assert_int_equal(pm_peer_reply((uint8_t *)&good, sizeof(good), 8, &uid), -EPROTO);
    struct reply orphan = good, other = good, failed = good;
    orphan.body.idiag_inode = 0;
    assert_int_equal(pm_peer_reply((uint8_t *)&orphan, sizeof(good), 7, &uid), -ENOENT);
    other.head.nlmsg_type = NLMSG_DONE;
    assert_int_equal(pm_peer_reply((uint8_t *)&other, sizeof(good), 7, &uid), -EPROTO);
    failed.head.nlmsg_type = NLMSG_ERROR;
    int error = -ENOENT;
    memcpy(&failed.body, &error, sizeof(error));
    assert_int_equal(pm_peer_reply((uint8_t *)&failed, sizeof(good), 7, &uid), -ENOENT);
    error = 0; /* an acknowledgement is no answer */
    memcpy(&failed.body, &error, sizeof(error));
    assert_int_equal(pm_peer_reply((uint8_t *)&failed, sizeof(good), 7, &uid), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_knows_the_user),
        cmocka_unit_test(the_kernel_knows_it_of_unix_sockets_too),
        cmocka_unit_test(odd_answers_are_refused),
    };
    return cmocka_run_group_tests_name("access/peer", tests, NULL, NULL);
}
