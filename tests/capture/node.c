// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "node.h"
#include "video.h"
#include "vo_capture.h"

#define SYSFS_VIDEO	"/sys/class/video4linux"
#define POISON		0xa5
#define FRAMES		2

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

int node_open(enum node node)
{
	char dev[NAME_MAX + 1], path[NAME_MAX + 16];
	int fd, ret = find_node(node, dev);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/dev/%s", dev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = node_set_lines(fd, NODE_LINES);
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
	struct v4l2_format fmt = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = NODE_LINE,
			.height = lines,
			.pixelformat = V4L2_PIX_FMT_GREY,
		},
	};

	return ioctl(fd, VIDIOC_S_FMT, &fmt) ? -errno : 0;
}

void window_poison(const struct window *window)
{
	memset(window->map, POISON, window->size);
}

bool window_is_poison(const struct window *window)
{
	size_t i;

	for (i = 0; i < window->size; i++) {
		if (window->map[i] != POISON)
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
		due = POISON;
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
