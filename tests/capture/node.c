// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "node.h"
#include "video.h"
#include "vo_capture.h"

#define SYSFS_VIDEO	"/sys/class/video4linux"
#define FRAMES		2
#define OUT_TIMEOUT_MS	10000

/* The name of the node in /dev and sysfs; @dev takes NAME_MAX + 1 bytes */
static int find_node(enum node node, char *dev)
{
	char path[320], name[64];
	struct dirent *entry;
	int id, ret = -ENODEV;
	FILE *file;
	DIR *dir;

	dir = opendir(SYSFS_VIDEO);
	while (dir && ret && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), SYSFS_VIDEO "/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) &&
		    sscanf(name, "vo_capture-%d-", &id) == 1 && id == (int)node) {
			snprintf(dev, NAME_MAX + 1, "%s", entry->d_name);
			ret = 0;
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return ret;
}

static int set_format(int fd, enum v4l2_buf_type type, unsigned int width,
		      unsigned int lines, unsigned int stride)
{
	struct v4l2_format fmt = {
		.type = type,
		.fmt.pix = {
			.width = width,
			.height = lines,
			.bytesperline = stride,
			.pixelformat = V4L2_PIX_FMT_GREY,
		},
	};

	return ioctl(fd, VIDIOC_S_FMT, &fmt) ? -errno : 0;
}

int node_set_format(int fd, enum node node, unsigned int width,
		    unsigned int lines, unsigned int stride)
{
	return set_format(fd, node < NODE_OUT_CONTIG ?
			  V4L2_BUF_TYPE_VIDEO_CAPTURE :
			  V4L2_BUF_TYPE_VIDEO_OUTPUT, width, lines, stride);
}

int node_look_on(enum node node)
{
	char dev[NAME_MAX + 1], path[NAME_MAX + 16];
	int fd, ret = find_node(node, dev);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/dev/%s", dev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int node_open(enum node node)
{
	int ret, fd = node_look_on(node);

	if (fd < 0)
		return fd;
	ret = node_set_format(fd, node, NODE_LINE, NODE_LINES, 0);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int node_pci_name(enum node node, char *name, size_t size)
{
	char dev[NAME_MAX + 1], path[NAME_MAX + 64], target[256];
	int ret = find_node(node, dev);
	ssize_t len;

	if (ret)
		return ret;
	snprintf(path, sizeof(path), SYSFS_VIDEO "/%s/device", dev);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	snprintf(name, size, "%s", strrchr(target, '/') + 1);
	return 0;
}

int node_set_lines(int fd, unsigned int lines)
{
	return set_format(fd, V4L2_BUF_TYPE_VIDEO_CAPTURE, NODE_LINE, lines, 0);
}

void window_poison(const struct window *window)
{
	memset(window->map, NODE_POISON, window->size);
}

bool window_is_poison(const struct window *window)
{
	size_t i;

	for (i = 0; i < window->size; i++) {
		if (window->map[i] != NODE_POISON)
			return false;
	}
	return true;
}

unsigned char node_texel(unsigned int sequence, unsigned int i)
{
	return vo_texel(vo_phase(sequence, i));
}

bool window_shows(const struct window *window, unsigned int sequence)
{
	size_t i, end = window->offset + window->len;
	unsigned char due;

	for (i = 0; i < window->size; i++) {
		due = NODE_POISON;
		if (i >= window->offset && i < end)
			due = node_texel(sequence, i - window->offset);
		if (window->map[i] != due) {
			printf("# frame %u, byte %zd of %zu: %#x where %#x is due\n",
			       sequence, (ssize_t)(i - window->offset),
			       window->len, window->map[i], due);
			return false;
		}
	}
	return true;
}

void window_draw(const struct window *window, unsigned int sequence)
{
	size_t i;

	window_poison(window);
	for (i = 0; i < window->len; i++)
		window->map[window->offset + i] = node_texel(sequence, i);
}

int node_queue(int fd, void *target, const struct window *window)
{
	window_poison(window);
	return video_queue_user(fd, 0, target, window->len);
}

int node_start(int fd, void *target, const struct window *window)
{
	int ret = video_reqbufs(fd, V4L2_MEMORY_USERPTR, 1);

	ret = ret ?: node_queue(fd, target, window);
	ret = ret ?: video_stream(fd, true);
	if (ret)
		node_stop(fd);
	return ret;
}

int node_take(int fd, const struct window *window, unsigned int sequence)
{
	struct v4l2_buffer buf;
	int ret = video_dequeue_buffer(fd, V4L2_MEMORY_USERPTR, &buf);

	if (ret)
		return ret;
	if (buf.flags & V4L2_BUF_FLAG_ERROR)
		return -EIO;
	if (buf.bytesused != window->len || buf.sequence != sequence)
		return -EBADMSG;
	return window_shows(window, sequence) ? 0 : -EBADMSG;
}

void node_stop(int fd)
{
	video_stream(fd, false);
	video_reqbufs(fd, V4L2_MEMORY_USERPTR, 0);
}

int node_capture(int fd, void *target, const struct window *window)
{
	int ret = node_start(fd, target, window);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; !ret && i < FRAMES; i++) {
		if (i)
			ret = node_queue(fd, target, window);
		ret = ret ?: node_take(fd, window, i);
	}
	node_stop(fd);
	return ret;
}

/* ---- outputs ---- */

int node_out_queue_at(int fd, unsigned int index, void *target, size_t len)
{
	struct v4l2_buffer buf = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_USERPTR,
		.field = V4L2_FIELD_NONE,
		.m.userptr = (unsigned long)target,
		.length = len,
		.bytesused = len,
	};

	return ioctl(fd, VIDIOC_QBUF, &buf) ? -errno : 0;
}

int node_out_queue(int fd, void *target, const struct window *window)
{
	return node_out_queue_at(fd, 0, target, window->len);
}

int node_out_reqbufs(int fd, unsigned int count)
{
	struct v4l2_requestbuffers req = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_USERPTR,
		.count = count,
	};

	return ioctl(fd, VIDIOC_REQBUFS, &req) ? -errno : 0;
}

int node_out_stream(int fd, bool on)
{
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;

	return ioctl(fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type) ? -errno : 0;
}

int node_out_start(int fd, void *target, const struct window *window)
{
	int ret = node_out_reqbufs(fd, 1);

	ret = ret ?: node_out_queue(fd, target, window);
	ret = ret ?: node_out_stream(fd, true);
	if (ret)
		node_out_stop(fd);
	return ret;
}

static int out_dequeue(int fd, struct v4l2_buffer *buf)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	*buf = (struct v4l2_buffer) {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_USERPTR,
	};
	if (poll(&pfd, 1, OUT_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	return ioctl(fd, VIDIOC_DQBUF, buf) ? -errno : 0;
}

int node_out_seen(int fd, size_t len, unsigned int sequence)
{
	static unsigned char seen[2 * NODE_FRAME];
	struct v4l2_buffer buf;
	size_t i;
	int ret = out_dequeue(fd, &buf);

	if (ret)
		return ret;
	if (buf.flags & V4L2_BUF_FLAG_ERROR)
		return -EIO;
	if (read(fd, seen, sizeof(seen)) != (ssize_t)len)
		return -ENODATA;
	for (i = 0; i < len; i++) {
		if (seen[i] != node_texel(sequence, i)) {
			printf("# frame %u, byte %zu of %zu: the device saw %#x where %#x is\n",
			       sequence, i, len, seen[i],
			       node_texel(sequence, i));
			return -EBADMSG;
		}
	}
	return 0;
}

int node_out_take(int fd, const struct window *window, unsigned int sequence)
{
	return node_out_seen(fd, window->len, sequence);
}

void node_out_stop(int fd)
{
	node_out_stream(fd, false);
	node_out_reqbufs(fd, 0);
}

int node_round_trip(int fd, int out, void *target, const struct window *window)
{
	int ret = node_start(fd, target, window);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; !ret && i < FRAMES; i++) {
		if (i)
			ret = node_queue(fd, target, window);
		ret = ret ?: node_take(fd, window, i);
		ret = ret ?: i ? node_out_queue(out, target, window) :
				 node_out_start(out, target, window);
		ret = ret ?: node_out_take(out, window, i);
		ret = ret ?: window_shows(window, i) ? 0 : -EUCLEAN;
	}
	node_out_stop(out);
	node_stop(fd);
	ret = ret ?: window_shows(window, FRAMES - 1) ? 0 : -EUCLEAN;
	if (!ret)
		return 0;
	/* No refusal, whatever it is */
	printf("# after the first start: errno %d\n", -ret);
	return -EPROTO;
}
