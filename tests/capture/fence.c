// SPDX-License-Identifier: GPL-2.0
#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fence.h"

#define SW_SYNC		"/sys/kernel/debug/sync/sw_sync"
#define PERIOD_US	2000
#define LOOK_US		20000
#define SOME_RENEWALS	10
#define START		30	/* s, for another process to begin */

/* The ABI of sw_sync, which has no header */
struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_CREATE_FENCE	_IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_INC		_IOW('W', 1, uint32_t)
#define BEYOND_ALL		(1U << 30)

#ifndef DMA_BUF_IOCTL_IMPORT_SYNC_FILE
struct dma_buf_import_sync_file {
	uint32_t flags;
	int32_t fd;
};

#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE	_IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int await_end(pid_t pid, int *status)
{
	double end = now() + FENCE_BOUND;
	pid_t ended;

	while (!(ended = waitpid(pid, status, WNOHANG)) && now() < end)
		usleep(10000);
	if (!ended)
		return -ETIMEDOUT;
	return ended == pid ? 0 : -errno;
}

static int await_more(volatile unsigned int *count, unsigned int enough)
{
	double end = now() + START;

	while (*count < enough) {
		if (now() > end)
			return -ETIMEDOUT;
		usleep(PERIOD_US);
	}
	return 0;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	await_end(pid, NULL);
}

static void *shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* ---- one fence ---- */

int drm_open_card(const char *driver)
{
	char path[] = "/dev/dri/card?", name[16];
	struct drm_version version;
	size_t len = strlen(driver);
	int i, fd;

	for (i = 0; i < 8; i++) {
		path[sizeof(path) - 2] = '0' + i;
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = (struct drm_version) { .name = name, .name_len = sizeof(name) };
		if (!ioctl(fd, DRM_IOCTL_VERSION, &version) && version.name_len == len &&
		    !memcmp(name, driver, len))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/*
 * Kernels whose dma-bufs import no fences have those of vgem: one that says that
 * the memory is written to, or several that say that it is read. They end by
 * themselves after ten seconds.
 */
static int open_vgem_import(struct fence *fence)
{
	struct drm_prime_handle prime = { .fd = fence->dmabuf };

	fence->vgem = drm_open_card("vgem");
	if (fence->vgem < 0)
		return fence->vgem;
	if (ioctl(fence->vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	fence->vgem_handle = prime.handle;
	return 0;
}

static int put_vgem_fence(struct fence *fence, uint32_t flags)
{
	struct drm_vgem_fence_attach attach = {
		.handle = fence->vgem_handle, .flags = flags,
	};

	if (ioctl(fence->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach))
		return -errno;
	fence->vgem_fence = attach.out_fence;
	return 0;
}

static void signal_vgem_fence(struct fence *fence, uint32_t nr)
{
	struct drm_vgem_fence_signal signal = { .fence = nr };

	ioctl(fence->vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal);
}

/* It takes the place of the one before on the dma-buf */
static int put_sync_file(struct fence *fence)
{
	struct sw_sync_create_fence_data create = { .name = "never" };
	struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_RW };
	int ret;

	create.value = fence->value + 1;
	if (ioctl(fence->timeline, SW_SYNC_CREATE_FENCE, &create))
		return -errno;
	import.fd = create.fence;
	ret = ioctl(fence->dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import) ? -errno : 0;
	close(create.fence);
	if (!ret)
		fence->value++;
	return ret;
}

static bool imports_fences(const struct fence *fence)
{
	struct dma_buf_import_sync_file import = { };

	/* Without flags no kernel takes it */
	return ioctl(fence->dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import) &&
	       errno == EINVAL;
}

int fence_open(struct fence *fence)
{
	fence->timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);
	if (fence->timeline < 0)
		return -errno;
	return imports_fences(fence) ? 0 : open_vgem_import(fence);
}

int fence_file(const struct fence *fence)
{
	return fence->vgem < 0 ? fence->timeline : fence->vgem;
}

int fence_put(struct fence *fence)
{
	return fence->vgem < 0 ? put_sync_file(fence) :
				 put_vgem_fence(fence, VGEM_FENCE_WRITE);
}

static void signal_to(struct fence *fence, uint32_t more)
{
	ioctl(fence->timeline, SW_SYNC_INC, &more);
}

static void signal_all(struct fence *fence)
{
	signal_to(fence, BEYOND_ALL);
	if (fence->vgem < 0)
		return;
	signal_vgem_fence(fence, fence->vgem_fence);
	if (!fence->renewals)
		return;
	/* Who renewed them may have died before it told of the last one, or ended the one before */
	signal_vgem_fence(fence, fence->renewals->vgem_fence - 1);
	signal_vgem_fence(fence, fence->renewals->vgem_fence);
	signal_vgem_fence(fence, fence->renewals->vgem_fence + 1);
}

/*
 * Kernels that import no fences look at several without a lock. Who comes between two
 * that are renewed finds both ended: it is asked again.
 */
static bool fence_lasts(const struct fence *fence, int ms)
{
	struct pollfd idle = { .fd = fence->dmabuf, .events = POLLOUT };
	int i, tries = fence->vgem < 0 ? 1 : 3;

	for (i = 0; i < tries; i++)
		if (!poll(&idle, 1, ms))
			return true;
	return false;
}

bool fence_is_there(const struct fence *fence)
{
	return fence_lasts(fence, 0);
}

bool fence_is_waited_for(const struct fence *fence)
{
	return fence_lasts(fence, FENCE_BOUND * 1000);
}

/* ---- one after the other ---- */

/* The next one is there before the last one is signalled */
static int renew_once(struct fence *fence)
{
	uint32_t before = fence->vgem_fence;
	int ret;

	if (fence->vgem < 0) {
		ret = put_sync_file(fence);
		if (!ret)
			signal_to(fence, 1);
		return ret;
	}
	ret = put_vgem_fence(fence, 0);
	if (ret)
		return ret;
	fence->renewals->vgem_fence = fence->vgem_fence;
	signal_vgem_fence(fence, before);
	return 0;
}

static void renew(struct fence *fence)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!renew_once(fence)) {
		fence->renewals->count++;
		usleep(PERIOD_US);
	}
	_exit(1);
}

int fence_renew(struct fence *fence, int fd)
{
	int ret = fence->vgem < 0 ? put_sync_file(fence) : put_vgem_fence(fence, 0);

	if (ret)
		return ret;
	fence->renewals = shared(sizeof(*fence->renewals));
	if (fence->renewals == MAP_FAILED) {
		fence->renewals = NULL;
		return -errno;
	}
	fence->renewer = fork();
	if (fence->renewer < 0)
		return -errno;
	if (!fence->renewer) {
		close(fd);
		renew(fence);
	}
	return await_more(&fence->renewals->count, SOME_RENEWALS);
}

bool fence_is_renewed(const struct fence *fence, unsigned int since)
{
	return !await_more(&fence->renewals->count, since + 1);
}

/* ---- the end of them ---- */

static void *release(void *data)
{
	struct fence *fence = data;
	struct pollfd done = { .fd = fence->done[0], .events = POLLIN };

	if (poll(&done, 1, fence->patience * 1000))
		return NULL;
	if (fence->renewer)
		kill(fence->renewer, SIGKILL);
	signal_all(fence);
	return NULL;
}

int fence_guard(struct fence *fence, int seconds)
{
	int ret;

	if (pipe2(fence->done, O_CLOEXEC))
		return -errno;
	fence->patience = seconds;
	ret = pthread_create(&fence->guard, NULL, release, fence);
	if (ret)
		fence->patience = 0;
	return -ret;
}

void fence_end(struct fence *fence)
{
	if (fence->patience && write(fence->done[1], "", 1) == 1)
		pthread_join(fence->guard, NULL);
	fence->patience = 0;
	if (fence->renewer)
		kill_child(fence->renewer);
	fence->renewer = 0;
	signal_all(fence);
}

/* ---- who looks on ---- */

int watch_node(struct watch *watch, int fd)
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, watch->path, sizeof(watch->path) - 1);
	if (len < 0)
		return -errno;
	watch->path[len] = '\0';
	watch->results = shared(sizeof(*watch->results));
	return watch->results == MAP_FAILED ? -errno : 0;
}

static void look_on(const char *path, struct watch_results *results)
{
	struct v4l2_capability caps;
	double start, took;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!results->stop) {
		start = now();
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 || ioctl(fd, VIDIOC_QUERYCAP, &caps))
			results->errors++;
		close(fd);
		took = now() - start;
		if (took > results->worst)
			results->worst = took;
		results->looks++;
		usleep(LOOK_US);
	}
	_exit(0);
}

int watch_begin(struct watch *watch, int fd)
{
	watch->pid = fork();
	if (watch->pid < 0)
		return -errno;
	if (!watch->pid) {
		close(fd);
		look_on(watch->path, watch->results);
	}
	return await_more(&watch->results->looks, 1);
}

void watch_end(struct watch *watch)
{
	watch->results->stop = true;
	if (!await_end(watch->pid, NULL))
		return;
	watch->results->errors++;
	kill_child(watch->pid);
}
