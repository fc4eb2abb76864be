// SPDX-License-Identifier: GPL-2.0
/*
 * A fence on the memory that is never signalled: no call of the importer waits
 * for it, nobody else on the node waits for the caller, and the caller can die.
 *
 * Whoever waits all the same is freed after RELEASE seconds, so that the test
 * fails and ends.
 */
#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "node.h"
#include "place.h"
#include "variants.h"
#include "video.h"

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"
#define BOUND		4.0	/* s, of each call: generous on an emulated machine */
#define RELEASE		8	/* s, then the fence is signalled after all */
#define FRAME_MS	10000

/* The ABI of sw_sync, which has no header */
struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_CREATE_FENCE	_IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_INC		_IOW('W', 1, uint32_t)

#ifndef DMA_BUF_IOCTL_IMPORT_SYNC_FILE
struct dma_buf_import_sync_file {
	uint32_t flags;
	int32_t fd;
};

#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE	_IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

/* What another process sees of the node */
struct watch {
	volatile bool stop;
	volatile double worst;
	volatile int errors;
};

FIXTURE(fence)
{
	struct place place;
	struct window window;
	struct watch *watch;
	pthread_t releaser;
	pid_t watcher;
	int timeline;
	int vgem;	/* whose fence is there, or -1 */
	uint32_t fence;
	int done[2];	/* the test is, and nobody has to be released */
	int go[2];
	int fd;
};

FIXTURE_VARIANT(fence)
{
	enum node node;
};

ON_NODES(fence);

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int open_vgem(void)
{
	char path[] = "/dev/dri/card?", name[16];
	struct drm_version version;
	int i, fd;

	for (i = 0; i < 8; i++) {
		path[sizeof(path) - 2] = '0' + i;
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = (struct drm_version) { .name = name, .name_len = sizeof(name) };
		if (!ioctl(fd, DRM_IOCTL_VERSION, &version) && version.name_len == 4 &&
		    !memcmp(name, "vgem", 4))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* Kernels whose dma-bufs import no fences; these end by themselves after ten seconds */
static int put_vgem_fence(FIXTURE_DATA(fence) *self, int dmabuf)
{
	struct drm_prime_handle prime = { .fd = dmabuf };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };

	self->vgem = open_vgem();
	if (self->vgem < 0)
		return self->vgem;
	if (ioctl(self->vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	attach.handle = prime.handle;
	if (ioctl(self->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach))
		return -errno;
	self->fence = attach.out_fence;
	return 0;
}

static int put_sync_file(int timeline, int dmabuf)
{
	struct sw_sync_create_fence_data create = { .value = 1, .name = "never" };
	struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_RW };
	int ret;

	if (ioctl(timeline, SW_SYNC_CREATE_FENCE, &create))
		return -errno;
	import.fd = create.fence;
	ret = ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import) ? -errno : 0;
	close(create.fence);
	return ret;
}

/* Returns 0 or a negative errno */
static int put_fence(FIXTURE_DATA(fence) *self)
{
	int ret = put_sync_file(self->timeline, self->place.fd);

	return ret == -ENOTTY ? put_vgem_fence(self, self->place.fd) : ret;
}

static void signal_fence(FIXTURE_DATA(fence) *self)
{
	struct drm_vgem_fence_signal signal = { .fence = self->fence };
	uint32_t one = 1;

	ioctl(self->timeline, SW_SYNC_INC, &one);
	if (self->vgem >= 0)
		ioctl(self->vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal);
}

static void *release(void *data)
{
	FIXTURE_DATA(fence) *self = data;
	struct pollfd done = { .fd = self->done[0], .events = POLLIN };

	if (!poll(&done, 1, RELEASE * 1000))
		signal_fence(self);
	return NULL;
}

static void watch_node(struct watch *watch, enum node node)
{
	struct v4l2_capability caps;
	double start, took;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!watch->stop) {
		start = now();
		fd = node_look_on(node);
		if (fd < 0 || ioctl(fd, VIDIOC_QUERYCAP, &caps))
			watch->errors++;
		close(fd);
		took = now() - start;
		if (took > watch->worst)
			watch->worst = took;
		usleep(20000);
	}
	_exit(0);
}

FIXTURE_SETUP(fence)
{
	self->vgem = -1;
	self->timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->timeline);
	self->fd = node_open(variant->node);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	/* all of it, which who bounces takes as well */
	ASSERT_EQ(0, place_make_small(&self->place, PLACE_CMA_HEAP));
	ASSERT_LE(0, self->place.fd);
	self->window = (struct window) {
		.map = self->place.view, .size = PLACE_SMALL, .len = NODE_FRAME,
	};
	self->watch = mmap(NULL, sizeof(*self->watch), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->watch);
	ASSERT_EQ(0, pipe(self->done));
	ASSERT_EQ(0, pipe(self->go));
}

FIXTURE_TEARDOWN(fence)
{
	/* Nobody is left waiting, however the test ended */
	signal_fence(self);
}

/* A frame is captured, and not dequeued yet */
static int wait_for_frame(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, FRAME_MS) == 1 && pfd.revents & POLLIN ? 0 : -ETIMEDOUT;
}

static int capture_one(int fd, struct place *place, struct window *window)
{
	int ret = node_start(fd, place->target, window);

	return ret ?: wait_for_frame(fd);
}

/* Two of them, one after the other: one is left while the other is dequeued */
static int capture_two(int fd, struct place *place)
{
	int ret = video_reqbufs(fd, V4L2_MEMORY_USERPTR, 2);

	ret = ret ?: video_queue_user(fd, 0, place->target, NODE_FRAME);
	ret = ret ?: video_queue_user(fd, 1, place->target, NODE_FRAME);
	ret = ret ?: video_stream(fd, true);
	return ret ?: wait_for_frame(fd);
}

/* From here on the fence is there, somebody looks on, and time is counted */
#define BEGIN()								\
	do {								\
		ASSERT_EQ(0, put_fence(self));				\
		self->watcher = fork();					\
		ASSERT_LE(0, self->watcher);				\
		if (!self->watcher) {					\
			/* or the file would outlive the test's close() */ \
			close(self->fd);				\
			watch_node(self->watch, variant->node);		\
		}							\
		ASSERT_EQ(0, pthread_create(&self->releaser, NULL, release, self)); \
		usleep(300000);						\
		self->watch->worst = 0;					\
	} while (0)

#define EXPECT_PROMPT(call)						\
	do {								\
		double start = now(), took;				\
									\
		call;							\
		took = now() - start;					\
		EXPECT_GT(BOUND, took) {				\
			TH_LOG("%s took %.1f s", #call, took);		\
		}							\
	} while (0)

#define END()								\
	do {								\
		usleep(300000);						\
		self->watch->stop = true;				\
		ASSERT_EQ(self->watcher, waitpid(self->watcher, NULL, 0)); \
		ASSERT_EQ(1, write(self->done[1], "", 1));		\
		ASSERT_EQ(0, pthread_join(self->releaser, NULL));	\
		EXPECT_EQ(0, self->watch->errors);			\
		EXPECT_GT(BOUND, self->watch->worst) {			\
			TH_LOG("open and QUERYCAP of another process took %.1f s", \
			       self->watch->worst);			\
		}							\
	} while (0)

TEST_F_TIMEOUT(fence, dqbuf, TIMEOUT)
{
	struct v4l2_buffer buf = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	int err;

	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(err = ioctl(self->fd, VIDIOC_DQBUF, &buf) ? -errno : 0);
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, buf.flags & V4L2_BUF_FLAG_ERROR);
	EXPECT_TRUE(window_shows(&self->window, 0));
	END();
}

TEST_F_TIMEOUT(fence, qbuf, TIMEOUT)
{
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_queue_user(self->fd, 0, self->place.target,
						    NODE_FRAME)));
	END();
}

TEST_F_TIMEOUT(fence, qbuf_again, TIMEOUT)
{
	struct v4l2_buffer buf;

	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	ASSERT_EQ(0, video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_queue_user(self->fd, 0, self->place.target,
						    NODE_FRAME)));
	END();
}

TEST_F_TIMEOUT(fence, streamoff, TIMEOUT)
{
	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_stream(self->fd, false)));
	END();
}

TEST_F_TIMEOUT(fence, reqbufs_zero, TIMEOUT)
{
	/* queued, not streaming: then it may be asked for */
	ASSERT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 1));
	ASSERT_EQ(0, node_queue(self->fd, self->place.target, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, video_reqbufs(self->fd, V4L2_MEMORY_USERPTR, 0)));
	END();
}

TEST_F_TIMEOUT(fence, close, TIMEOUT)
{
	ASSERT_EQ(0, capture_one(self->fd, &self->place, &self->window));
	BEGIN();
	EXPECT_PROMPT(EXPECT_EQ(0, close(self->fd)));
	END();
}

/*
 * A process that has captured and dies: by exit() with the node open, or by
 * SIGKILL while it is in DQBUF. The node is its alone.
 */
static int dying(struct __test_metadata *_metadata, FIXTURE_DATA(fence) *self,
		 const FIXTURE_VARIANT(fence) *variant, bool killed)
{
	struct v4l2_buffer buf;
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (pid) {
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self->fd = node_open(variant->node);
	if (capture_two(self->fd, &self->place))
		_exit(1);
	/* The parent puts the fence there now */
	if (write(ready[1], "", 1) != 1 || read(self->go[0], &c, 1) != 1)
		_exit(1);
	if (!killed)
		_exit(0);
	video_dequeue_buffer(self->fd, V4L2_MEMORY_USERPTR, &buf);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(fence, exit, TIMEOUT)
{
	int status = -1;
	pid_t pid = dying(_metadata, self, variant, false);

	BEGIN();
	EXPECT_PROMPT(ASSERT_EQ(1, write(self->go[1], "", 1));
		      ASSERT_EQ(pid, waitpid(pid, &status, 0)));
	EXPECT_EQ(0, status);
	END();
}

TEST_F_TIMEOUT(fence, sigkill, TIMEOUT)
{
	int status = 0;
	pid_t pid = dying(_metadata, self, variant, true);

	BEGIN();
	ASSERT_EQ(1, write(self->go[1], "", 1));
	usleep(300000);
	EXPECT_PROMPT(ASSERT_EQ(0, kill(pid, SIGKILL));
		      ASSERT_EQ(pid, waitpid(pid, &status, 0)));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	END();
}

/* The other tests are worth what this is worth: somebody does wait for it */
TEST_F_TIMEOUT(fence, is_waited_for_by_sync, TIMEOUT)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	};
	double start;

	BEGIN();
	start = now();
	EXPECT_EQ(0, ioctl(self->place.fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_LT(BOUND, now() - start);
	END();
}

TEST_HARNESS_MAIN
