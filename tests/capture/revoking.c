// SPDX-License-Identifier: GPL-2.0
/*
 * A device draws frame after frame into memory that its owner takes back and
 * restores meanwhile, samples/vma_owner/vma_owner_exporter.c: nothing is drawn
 * while it is revoked, and afterwards the frames go on.
 *
 * What is in revoked memory is read at its physical address: see vo_extents.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "guest.h"
#include "node.h"
#include "observe.h"
#include "place.h"
#include "video.h"
#include "vo_capture.h"

#define EXPORTER	"vma_owner_exporter"
#define HASTY		"/sys/module/vo_capture/parameters/hasty"
#define REVOKE		"/sys/devices/platform/" EXPORTER "/revoke"

#define PAGE		4096
#define PAGES		4
#define SIZE		(PAGES * PAGE)
#define OFFSET		1000
#define REVOKES		1000
#define DEATHS		30
#define TRANSFER_US	100000	/* that is how long edu takes */
#define TIMEOUT		700

/* ---- the exporter ---- */

static int load_exporter(void)
{
	struct utsname uts;
	char path[256];
	int fd, ret = 0;

	uname(&uts);
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/samples/vma_owner/"
		 EXPORTER ".ko", uts.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "memory=pages size=16384", 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int write_to(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, what, strlen(what)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int write_revoke(const char *what)
{
	return write_to(REVOKE, what);
}

/* ---- the device ---- */

static int draw(int fd, void *target, size_t len)
{
	struct vo_target to = { .addr = (unsigned long)target, .len = len };

	return write(fd, &to, sizeof(to)) == sizeof(to) ? 0 : -errno;
}

static struct vo_progress progress(int fd)
{
	struct vo_progress p = { .sequence = -1 };

	if (read(fd, &p, sizeof(p)) != sizeof(p))
		perror("# progress");
	return p;
}

static bool same(struct vo_progress a, struct vo_progress b)
{
	return a.sequence == b.sequence && a.done == b.done;
}

/* ---- what is there ---- */

FIXTURE(revoking)
{
	unsigned char *map;
	unsigned char *target;
	unsigned char content[SIZE];
	unsigned long long phys[PAGES];
	int memory;
	int pins;
	int fd;
};

FIXTURE_SETUP(revoking)
{
	int i;

	ASSERT_EQ(0, load_exporter());
	self->pins = observe_pins();
	self->memory = open("/dev/vo_phys", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->memory);
	i = open("/dev/" EXPORTER, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, i);
	self->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, i, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	close(i);
	memset(self->map, NODE_POISON, SIZE);
	for (i = 0; i < PAGES; i++) {
		self->phys[i] = place_phys(self->map + i * PAGE);
		ASSERT_NE(0, self->phys[i]);
	}
	self->target = self->map + OFFSET;
	self->fd = node_open(NODE_SG);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(revoking)
{
	if (self->fd >= 0)
		close(self->fd);
	munmap(self->map, SIZE);
	EXPECT_EQ(0, syscall(SYS_delete_module, EXPORTER, O_NONBLOCK));
}

static int read_content(FIXTURE_DATA(revoking) *self)
{
	int i;

	for (i = 0; i < PAGES; i++) {
		if (pread(self->memory, self->content + i * PAGE, PAGE,
			  self->phys[i]) != PAGE)
			return -errno;
	}
	return 0;
}

/* The frame as far as it is drawn, then what is left of the one before */
static bool content_is(FIXTURE_DATA(revoking) *self, struct vo_progress p)
{
	unsigned char due;
	int at, in;

	for (at = 0; at < SIZE; at++) {
		in = at - OFFSET;
		due = NODE_POISON;
		if (in >= 0 && in < (int)p.done)
			due = node_texel(p.sequence, in);
		else if (in >= 0 && in < NODE_FRAME && p.sequence)
			due = node_texel(p.sequence - 1, in);
		if (self->content[at] != due) {
			printf("# frame %u up to byte %u: byte %d is %#x where %#x is due\n",
			       p.sequence, p.done, in, self->content[at], due);
			return false;
		}
	}
	return true;
}

/* In revoked memory, for that long */
static bool nothing_is_drawn(FIXTURE_DATA(revoking) *self, unsigned int us)
{
	struct vo_progress p = progress(self->fd);

	if (read_content(self) || !content_is(self, p))
		return false;
	usleep(us);
	return same(p, progress(self->fd)) && !read_content(self) &&
	       content_is(self, p);
}

TEST_F_TIMEOUT(revoking, stops_and_goes_on, TIMEOUT)
{
	/* The other guests add where the device sees the memory, and not when */
	int revokes = guest_kind() == GUEST_PLAIN ? REVOKES : REVOKES / 10;
	struct vo_progress before, after = {};
	int i;

	ASSERT_EQ(0, draw(self->fd, self->target, NODE_FRAME));
	EXPECT_EQ(self->pins + 1, observe_pins());
	for (i = 0; i < revokes; i++) {
		/* at some place of a transfer, and of a frame */
		usleep(i % 8 ? rand() % 1000 : rand() % (2 * TRANSFER_US));
		ASSERT_EQ(0, write_revoke("temporary"));
		before = after;
		after = progress(self->fd);
		ASSERT_FALSE(same(before, after)) {
			TH_LOG("nothing drawn before revoke %d", i);
		}
		ASSERT_TRUE(nothing_is_drawn(self, i % 50 ? 0 : 3 * TRANSFER_US)) {
			TH_LOG("revoke %d", i);
		}
		ASSERT_EQ(0, write_revoke("restore"));
	}
	EXPECT_LE(revokes / 8, after.sequence);
	TH_LOG("%d revokes, %u frames", i, after.sequence);

	ASSERT_EQ(0, write_revoke("permanent"));
	EXPECT_TRUE(nothing_is_drawn(self, 3 * TRANSFER_US));
	EXPECT_EQ(-ENODEV, draw(self->fd, self->target, NODE_FRAME));
	EXPECT_EQ(self->pins, observe_pins());
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(self->pins, observe_pins());
}

/*
 * A device that does not wait for what is under way is seen. Without an IOMMU,
 * which would stop it, and bounce buffers, which it would spoil.
 */
TEST_F_TIMEOUT(revoking, sees_a_transfer_that_goes_on, TIMEOUT)
{
	int i, seen = 0;

	if (guest_kind() != GUEST_PLAIN)
		SKIP(return, "the device would write what others have by now");
	ASSERT_EQ(0, write_to(HASTY, "1"));
	ASSERT_EQ(0, draw(self->fd, self->target, NODE_FRAME));
	for (i = 0; i < 10 && !seen; i++) {
		usleep(3 * TRANSFER_US);
		ASSERT_EQ(0, write_revoke("temporary"));
		seen = !nothing_is_drawn(self, 3 * TRANSFER_US);
		ASSERT_EQ(0, write_revoke("restore"));
	}
	EXPECT_EQ(0, write_to(HASTY, "0"));
	EXPECT_TRUE(seen);
}

/* The pin of memory that is gone is an empty shell, until it is closed */
TEST_F_TIMEOUT(revoking, ends_with_the_file, TIMEOUT)
{
	ASSERT_EQ(0, draw(self->fd, self->target, NODE_FRAME));
	ASSERT_EQ(0, write_revoke("permanent"));
	EXPECT_TRUE(nothing_is_drawn(self, 3 * TRANSFER_US));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(self->pins, observe_pins());
}

/* It is the queue or this, and a length of zero is the end of it */
TEST_F_TIMEOUT(revoking, is_apart_from_the_queue, TIMEOUT)
{
	static unsigned char frame[NODE_FRAME];
	struct window window = {
		.map = frame, .size = NODE_FRAME, .len = NODE_FRAME,
	};
	struct vo_progress p;

	ASSERT_EQ(0, draw(self->fd, self->target, NODE_FRAME));
	EXPECT_EQ(-EBUSY, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	usleep(10 * TRANSFER_US);
	EXPECT_EQ(0, draw(self->fd, NULL, 0));
	EXPECT_EQ(self->pins, observe_pins());
	p = progress(self->fd);
	EXPECT_LT(0, p.sequence);
	EXPECT_EQ(0, read_content(self));
	EXPECT_TRUE(content_is(self, p));

	window_poison(&window);
	ASSERT_EQ(0, node_start(self->fd, frame, &window));
	EXPECT_EQ(-EBUSY, draw(self->fd, self->target, NODE_FRAME));
	EXPECT_EQ(0, node_take(self->fd, &window, 0));
	node_stop(self->fd);
	EXPECT_EQ(self->pins, observe_pins());
}

/* ---- processes that die ---- */

/* Until it is killed; the last is a restore */
static pid_t start_revoking(int stop)
{
	pid_t pid = fork();
	int ret = 0;
	char c;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!ret && read(stop, &c, 1) < 0) {
		ret = write_revoke("temporary");
		usleep(1000);
		ret = ret ?: write_revoke("restore");
		usleep(3000);
	}
	_exit(ret != 0);
}

/* Says so once it draws */
static pid_t start_drawing(void *target, int ready)
{
	pid_t pid = fork();
	int fd, ret;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = node_open(NODE_SG);
	do {
		ret = draw(fd, target, NODE_FRAME);
	} while (ret == -ENODEV);
	if (ret || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(revoking, while_processes_die, TIMEOUT)
{
	int i, status, stop[2], ready[2];
	pid_t revoker, pid;
	char c;

	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, pipe2(stop, O_CLOEXEC | O_NONBLOCK));
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	revoker = start_revoking(stop[0]);
	ASSERT_LE(0, revoker);
	for (i = 0; i < DEATHS; i++) {
		pid = start_drawing(self->target, ready[1]);
		ASSERT_LE(0, pid);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		usleep(rand() % (3 * TRANSFER_US));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_TRUE(observe_until_pins(self->pins));
	}
	ASSERT_EQ(1, write(stop[1], "", 1));
	ASSERT_EQ(revoker, waitpid(revoker, &status, 0));
	EXPECT_EQ(0, status);

	/* The node is as good as ever */
	self->fd = node_open(NODE_SG);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, draw(self->fd, self->target, NODE_FRAME));
	usleep(10 * TRANSFER_US);
	EXPECT_LT(0, progress(self->fd).sequence);
}

TEST_HARNESS_MAIN
