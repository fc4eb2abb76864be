// SPDX-License-Identifier: GPL-2.0
/*
 * A pin belongs to the object: memory that is captured into outlives its
 * mapping, its file and its process, and not the last pin.
 *
 * "Kept" and "freed" are read from the kernel's books: CmaFree for what lies
 * in the CMA area, the dma-buf list for the rest.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "frame.h"
#include "memory.h"
#include "observe.h"
#include "video.h"

/* Large, so that nobody else's pages matter in the sums. */
#define MEMORY_SIZE	(8 * 1024 * 1024)
#define HALF		(MEMORY_SIZE / 2)
#define FRAMES		3
#define TIMEOUT		120

/* One importer, one piece of memory, and the state of the books before. */
struct held {
	int importer;
	enum memory_kind kind;
	struct memory mem;
	unsigned char *target;
	struct view view;
	unsigned char reference[FRAME_SIZE];
	long bytes_before;
	int pins_before;
};

FIXTURE(lifetime)
{
	struct held held;
	bool missing;
	int saved;			/* of observe_exactly() */
	char row[ROW_LENGTH];
};

FIXTURE_VARIANT(lifetime)
{
	enum memory_kind kind;
};

FIXTURE_VARIANT_ADD(lifetime, vivid_contig) { .kind = MEMORY_VIVID };
FIXTURE_VARIANT_ADD(lifetime, vivid_dmabuf) { .kind = MEMORY_VIVID_DMABUF };
FIXTURE_VARIANT_ADD(lifetime, cma_heap) { .kind = MEMORY_CMA_HEAP };
FIXTURE_VARIANT_ADD(lifetime, system_heap) { .kind = MEMORY_SYSTEM_HEAP };
FIXTURE_VARIANT_ADD(lifetime, udmabuf) { .kind = MEMORY_UDMABUF };

/* Only to learn whether the driver is there; what is allocated here goes again. */
static int probe_memory(enum memory_kind kind)
{
	struct memory mem;
	int ret = memory_alloc(&mem, kind, MEMORY_SIZE);

	if (!ret)
		memory_close(&mem);
	return ret;
}

FIXTURE_SETUP(lifetime)
{
	int ret;

	self->saved = observe_exactly();
	self->held.kind = variant->kind;
	self->held.importer = video_open_importer();
	ret = self->held.importer < 0 ? self->held.importer : probe_memory(variant->kind);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, video_reference(self->held.importer, self->held.reference));
	self->held.bytes_before = observe_in_use(variant->kind);
	self->held.pins_before = observe_pins();
}

FIXTURE_TEARDOWN(lifetime)
{
	observe_restore(self->saved);
}

static bool alloc_mapped(struct held *held)
{
	if (memory_alloc(&held->mem, held->kind, MEMORY_SIZE))
		return false;
	held->target = memory_map(&held->mem);
	return held->target != MAP_FAILED;
}

/* A udmabuf's pages are also its memfd's, which does not keep the udmabuf. */
static bool view_through_memfd(struct held *held)
{
	held->view.size = MEMORY_SIZE;
	held->view.map = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			      held->mem.memfd, 0);
	return held->view.map != MAP_FAILED;
}

static int capture_some(struct held *held)
{
	int i;
	int ret = 0;

	for (i = 0; !ret && i < FRAMES; i++)
		ret = capture_frame(held->importer, held->target, &held->view,
				    held->reference);
	return ret;
}

static bool is_held(const struct held *held)
{
	return observe_in_use(held->kind) >= held->bytes_before + HALF;
}

static bool gets_freed(const struct held *held)
{
	return observe_until_below(held->kind, held->bytes_before + HALF);
}

/* Without CONFIG_CMA or CONFIG_DEBUG_FS the kernel does not tell. */
static bool unmeasurable(const struct held *held, const char *row)
{
	if (held->bytes_before < 0)
		print_row(row, "not measurable here");
	return held->bytes_before < 0;
}

TEST_F_TIMEOUT(lifetime, kept_while_pinned, TIMEOUT)
{
	bool kept, freed;
	int pins, ret, again;

	name_row(self->row, "%s unmapped and closed while captured into",
		 memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(alloc_mapped(&self->held));
	if (variant->kind == MEMORY_UDMABUF)
		ASSERT_TRUE(view_through_memfd(&self->held));
	ret = capture_queue(self->held.importer, self->held.target, &self->held.view);
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
	if (unmeasurable(&self->held, self->row))
		SKIP(return, "no count of memory in use");

	ASSERT_EQ(0, munmap(self->held.target, MEMORY_SIZE));
	memory_close(&self->held.mem);
	ret = video_stream(self->held.importer, true);
	if (!ret)
		ret = capture_last(self->held.importer, &self->held.view,
				   self->held.reference);
	kept = is_held(&self->held);
	pins = observe_pins();
	/* Nothing is there any more that could be queued again */
	again = video_queue_user(self->held.importer, 0, self->held.target, FRAME_SIZE);
	capture_stop(self->held.importer);
	freed = gets_freed(&self->held);
	print_row(self->row, "%s%s%s while pinned, %s after", ret ? capture_result(ret) : "",
		  ret ? ", " : "", kept ? "kept" : "gone", freed ? "freed" : "leaked");
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(kept);
	EXPECT_TRUE(freed);
	if (pins >= 0)
		EXPECT_EQ(self->held.pins_before + 1, pins);
	EXPECT_EQ(-EFAULT, again);
	EXPECT_TRUE(observe_until_pins(self->held.pins_before));
}

/* Nobody stops the stream or gives the buffers back: closing does it all. */
TEST_F_TIMEOUT(lifetime, freed_by_close_of_importer, TIMEOUT)
{
	bool kept, freed;
	int ret;

	name_row(self->row, "importer closed while capturing into %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(alloc_mapped(&self->held));
	ret = capture_start(self->held.importer, self->held.target, &self->held.view);
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
	if (unmeasurable(&self->held, self->row))
		SKIP(return, "no count of memory in use");

	ASSERT_EQ(0, munmap(self->held.target, MEMORY_SIZE));
	memory_close(&self->held.mem);
	kept = is_held(&self->held);
	close(self->held.importer);
	freed = gets_freed(&self->held);
	print_row(self->row, "%s while pinned, %s after", kept ? "kept" : "gone",
		  freed ? "freed" : "leaked");
	EXPECT_TRUE(kept);
	EXPECT_TRUE(freed);
	EXPECT_TRUE(observe_until_pins(self->held.pins_before));
}

static void stream_until_killed(struct held *held, int report)
{
	int ret = -EIO;

	if (alloc_mapped(held))
		ret = capture_start(held->importer, held->target, &held->view);
	if (!ret)
		ret = capture_some(held);
	if (write(report, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	while (!ret)
		ret = capture_some(held);
	_exit(0);
}

/* The child gets an importer of its own: an inherited file would outlive it. */
static pid_t fork_streamer(struct held *held, int *ret)
{
	int fds[2];
	pid_t pid;

	close(held->importer);
	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		held->importer = video_open_importer();
		stream_until_killed(held, fds[1]);
	}
	close(fds[1]);
	if (read(fds[0], ret, sizeof(*ret)) != sizeof(*ret))
		*ret = -EPIPE;
	close(fds[0]);
	return pid;
}

TEST_F_TIMEOUT(lifetime, freed_by_kill, TIMEOUT)
{
	bool kept, freed;
	int ret, status;
	pid_t pid;

	name_row(self->row, "process killed while capturing into %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	pid = fork_streamer(&self->held, &ret);
	ASSERT_LT(0, pid);
	kept = is_held(&self->held);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	freed = gets_freed(&self->held);
	if (!ret && unmeasurable(&self->held, self->row))
		SKIP(return, "no count of memory in use");
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	else
		print_row(self->row, "%s while it ran, %s after", kept ? "kept" : "gone",
			  freed ? "freed" : "leaked");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(kept);
	EXPECT_TRUE(freed);
	EXPECT_TRUE(observe_until_pins(self->held.pins_before));

	self->held.importer = video_open_importer();
	EXPECT_EQ(0, video_reference(self->held.importer, self->held.reference));
}

static void compare_when_told(struct held *held, int go)
{
	struct view view = { .map = held->target, .size = MEMORY_SIZE };
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(2);
	_exit(view_matches(&view, held->reference) ? 0 : 1);
}

/* 0, or -EBADMSG if the child does not find the frame. */
static int ask_child(pid_t pid, int go)
{
	int status;

	if (write(go, "", 1) != 1 || waitpid(pid, &status, 0) != pid)
		return -EPIPE;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBADMSG;
}

/* The child's copy of the mapping is the only one left when the frame comes. */
TEST_F_TIMEOUT(lifetime, reaches_forked_child, TIMEOUT)
{
	int fds[2];
	pid_t pid;
	int ret;

	name_row(self->row, "forked child looks at %s captured into", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_EQ(0, pipe(fds));
	ASSERT_TRUE(alloc_mapped(&self->held));
	self->held.view = (struct view) { .map = self->held.target, .size = MEMORY_SIZE };
	ret = capture_start(self->held.importer, self->held.target, &self->held.view);
	self->held.view.map = NULL;
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);

	pid = fork();
	if (!pid)
		compare_when_told(&self->held, fds[0]);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, munmap(self->held.target, MEMORY_SIZE));
	memory_close(&self->held.mem);
	ret = video_dequeue(self->held.importer, V4L2_MEMORY_USERPTR);
	if (!ret)
		ret = ask_child(pid, fds[1]);
	capture_stop(self->held.importer);
	print_row(self->row, "%s", capture_result(ret));
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(gets_freed(&self->held));
}

TEST_F_TIMEOUT(lifetime, pins_are_listed, TIMEOUT)
{
	int before, during, after;
	int ret;

	name_row(self->row, "debugfs lists the pin of %s", memory_name(variant->kind));
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ASSERT_TRUE(alloc_mapped(&self->held));
	before = observe_pins();
	ret = capture_start(self->held.importer, self->held.target, &self->held.view);
	during = observe_pins();
	capture_stop(self->held.importer);
	after = observe_pins();
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	else if (during < 0)
		print_row(self->row, "no list");
	else
		print_row(self->row, "%d while pinned, %d after", during - before, after - before);
	ASSERT_EQ(0, ret);
	ASSERT_LE(0, before);
	EXPECT_EQ(before + 1, during);
	EXPECT_EQ(before, after);
}

/*
 * What the exporter's own V4L2 user sees.  A pin counts as a user of the
 * buffer just as a mapping or an exported dma-buf does: the buffer shows as
 * mapped, and REQBUFS(0) orphans it.
 */
FIXTURE(orphan)
{
	int importer;
	bool missing;
	struct memory mem;
	unsigned char *target;
	struct view view;
	unsigned char reference[FRAME_SIZE];
	char row[ROW_LENGTH];
};

FIXTURE_SETUP(orphan)
{
	int ret;

	ret = memory_alloc_for_importer(&self->mem, MEMORY_VIVID, MEMORY_SIZE,
					&self->importer);
	self->missing = ret == -ENODEV;
	if (self->missing)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, video_reference(self->importer, self->reference));
	self->target = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->target);
}

FIXTURE_TEARDOWN(orphan)
{
}

static bool shows_as_mapped(const struct memory *mem)
{
	struct v4l2_buffer buf;

	return !video_querybuf(mem->device, mem->index, &buf) &&
	       (buf.flags & V4L2_BUF_FLAG_MAPPED);
}

TEST_F_TIMEOUT(orphan, pinned_buffer_shows_as_mapped, TIMEOUT)
{
	bool during, after;
	int ret;

	name_row(self->row, "V4L2_BUF_FLAG_MAPPED of a buffer pinned but not mapped");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	ret = capture_start(self->importer, self->target, &self->view);
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, munmap(self->target, MEMORY_SIZE));
	during = shows_as_mapped(&self->mem);
	capture_stop(self->importer);
	after = shows_as_mapped(&self->mem);
	print_row(self->row, "%s while pinned, %s after", during ? "set" : "clear",
		  after ? "set" : "clear");
	EXPECT_TRUE(during);
	EXPECT_FALSE(after);
}

TEST_F_TIMEOUT(orphan, survives_reqbufs_0, TIMEOUT)
{
	int freed, i, ret;

	name_row(self->row, "REQBUFS(0) of the exporter while captured into");
	if (no_driver(self->missing, self->row))
		SKIP(return, NO_DRIVER);
	self->view.size = MEMORY_SIZE;
	self->view.map = memory_map(&self->mem);
	ASSERT_NE(MAP_FAILED, self->view.map);
	ret = capture_start(self->importer, self->target, &self->view);
	if (ret)
		print_row(self->row, "%s", capture_result(ret));
	ASSERT_EQ(0, ret);

	freed = video_reqbufs(self->mem.device, V4L2_MEMORY_MMAP, 0);
	for (i = 0; !ret && i < FRAMES; i++)
		ret = capture_frame(self->importer, self->target, &self->view,
				    self->reference);
	capture_stop(self->importer);
	print_row(self->row, "REQBUFS %s, %s", freed ? errno_name(-freed) : "succeeds",
		  capture_result(ret));
	EXPECT_EQ(0, freed);
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
