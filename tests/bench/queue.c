// SPDX-License-Identifier: GPL-2.0
/*
 * QBUF and DQBUF of a 1080p frame in user memory. The device draws a small
 * picture into the large buffer: what it takes for that is not measured. Runs on
 * the untouched kernel as well, with ordinary memory.
 */
#include <emmintrin.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/videodev2.h>

#include "measure.h"
#include "memory.h"
#include "video.h"

#define FRAME		(1920 * 1080 * 2UL)	/* YUYV */
#define SIZE		((FRAME + 4095) & ~4095UL)
#define BUFFERS		3
#define PLACES		(BUFFERS + 1)
#define REPS		60
#define TIMEOUT_MS	30000
#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE

struct frames {
	void *at[PLACES];
	struct memory memory[PLACES];
	bool owned;
};

static int xioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static void *ordinary(void)
{
	void *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED && !madvise(at, SIZE, MADV_NOHUGEPAGE))
		memset(at, 1, SIZE);
	return at;
}

static int frames_make(struct frames *f, bool owned)
{
	int i, ret;

	f->owned = owned;
	for (i = 0; i < PLACES; i++) {
		if (owned) {
			ret = memory_alloc(&f->memory[i], MEMORY_SYSTEM_HEAP,
					   SIZE);
			if (ret)
				return ret;
			f->at[i] = memory_map(&f->memory[i]);
		} else {
			f->at[i] = ordinary();
		}
		if (f->at[i] == MAP_FAILED)
			return -errno;
	}
	return 0;
}

static void frames_free(struct frames *f)
{
	int i;

	for (i = 0; i < PLACES; i++) {
		munmap(f->at[i], SIZE);
		if (f->owned)
			memory_close(&f->memory[i]);
	}
}

static int queue(int fd, unsigned int index, void *at)
{
	struct v4l2_buffer buf = {
		.type = CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
		.index = index,
		.m.userptr = (uintptr_t)at,
		.length = FRAME,
	};

	return xioctl(fd, VIDIOC_QBUF, &buf);
}

static int dequeue(int fd, struct v4l2_buffer *buf)
{
	*buf = (struct v4l2_buffer) {
		.type = CAPTURE,
		.memory = V4L2_MEMORY_USERPTR,
	};
	return xioctl(fd, VIDIOC_DQBUF, buf);
}

/* One frame goes round; the least of its two calls counts */
static int turn(int fd, const struct frames *f, bool rotate, unsigned int *spare,
		unsigned int place[BUFFERS], uint64_t *best)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct v4l2_buffer buf;
	unsigned int next;
	uint64_t begin;
	int ret;

	if (poll(&pfd, 1, TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	begin = measure_now();
	ret = dequeue(fd, &buf);
	begin = measure_now() - begin;
	if (ret)
		return ret;
	if (buf.flags & V4L2_BUF_FLAG_ERROR)
		return -EIO;

	next = place[buf.index];
	if (rotate) {
		next = *spare;
		*spare = place[buf.index];
		place[buf.index] = next;
	}
	begin -= measure_now();
	ret = queue(fd, buf.index, f->at[next]);
	begin += measure_now();
	if (begin < *best)
		*best = begin;
	return ret;
}

static int stream(int fd, const struct frames *f, bool rotate, uint64_t *best)
{
	unsigned int place[BUFFERS], spare = BUFFERS, i;
	int type = CAPTURE, ret;

	*best = UINT64_MAX;
	ret = video_reqbufs(fd, V4L2_MEMORY_USERPTR, BUFFERS);
	for (i = 0; i < BUFFERS && !ret; i++) {
		place[i] = i;
		ret = queue(fd, i, f->at[i]);
	}
	if (!ret)
		ret = xioctl(fd, VIDIOC_STREAMON, &type);
	for (i = 0; i < REPS && !ret; i++)
		ret = turn(fd, f, rotate, &spare, place, best);
	xioctl(fd, VIDIOC_STREAMOFF, &type);
	video_reqbufs(fd, V4L2_MEMORY_USERPTR, 0);
	return ret;
}

/* As cheap as it gets: some count each byte of rep movsb, and some libraries use it */
static uint64_t copy(void *to, const void *from)
{
	uint64_t begin = measure_now();
	const __m128i *in = from;
	__m128i *out = to;
	size_t i;

	for (i = 0; i < FRAME / sizeof(*in); i += 4) {
		__m128i a = _mm_load_si128(in + i);
		__m128i b = _mm_load_si128(in + i + 1);
		__m128i c = _mm_load_si128(in + i + 2);
		__m128i d = _mm_load_si128(in + i + 3);

		_mm_store_si128(out + i, a);
		_mm_store_si128(out + i + 1, b);
		_mm_store_si128(out + i + 2, c);
		_mm_store_si128(out + i + 3, d);
	}
	return measure_now() - begin;
}

static uint64_t copy_least(const struct frames *f)
{
	uint64_t best = UINT64_MAX, one;
	int i;

	for (i = 0; i < 10; i++) {
		one = copy(f->at[0], f->at[1]);
		if (one < best)
			best = one;
	}
	return best;
}

static void rows(const char *node, int fd, bool owned)
{
	const char *kind = owned ? "owned" : "malloc";
	uint64_t same, rotating;
	struct frames f;
	char name[64];
	int ret;

	ret = fd < 0 ? fd : frames_make(&f, owned);
	if (!ret)
		ret = stream(fd, &f, false, &same);
	if (!ret)
		ret = stream(fd, &f, true, &rotating);
	if (!ret) {
		snprintf(name, sizeof(name), "queue-%s-%s", node, kind);
		measured(name, FRAME, same);
		snprintf(name, sizeof(name), "queue-%s-%s-rotating", node, kind);
		measured(name, FRAME, rotating);
		if (!owned) {
			snprintf(name, sizeof(name), "queue-%s-copy", node);
			measured(name, FRAME, same + copy_least(&f));
		}
	}
	snprintf(name, sizeof(name), "%s-%s", node, kind);
	measure_result(name, ret);
	if (fd >= 0)
		frames_free(&f);
}

/* The kit's capture device, where there is one */
static int open_engine(void)
{
	char path[64], name[64];
	FILE *file;
	int i;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/class/video4linux/video%d/name",
			 i);
		file = fopen(path, "r");
		if (!file)
			continue;
		name[0] = '\0';
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
		if (strncmp(name, "vo_capture-", 11))
			continue;
		snprintf(path, sizeof(path), "/dev/video%d", i);
		return open(path, O_RDWR | O_CLOEXEC);
	}
	return -ENODEV;
}

/* Only where memory of an owner can be queued */
static bool has_owners(void)
{
	return !access("/dev/vo_bench", F_OK);
}

int main(void)
{
	int fd;

	measure_begin();
	fd = video_open_importer();
	rows("vivid", fd, false);
	if (has_owners())
		rows("vivid", fd, true);
	close(fd);
	if (has_owners()) {
		fd = open_engine();
		rows("sg", fd, false);
		rows("sg", fd, true);
	}
	return measure_end();
}
