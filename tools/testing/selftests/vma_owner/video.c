// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest.h"
#include "video.h"

#define SYSFS_VIDEO	"/sys/class/video4linux"
#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE

/* Emulated machines are slow; a frame that is not there by then will not come. */
#define FRAME_TIMEOUT_MS	10000

static int xioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static bool is_vivid_capture(const char *node)
{
	char path[300], name[64] = "";
	FILE *file;
	int inst;
	int end = 0;

	snprintf(path, sizeof(path), SYSFS_VIDEO "/%s/name", node);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return sscanf(name, "vivid-%d-vid-cap%n", &inst, &end) == 1 && end;
}

static int buffer_caps(int fd, uint32_t *caps)
{
	struct v4l2_requestbuffers req = {
		.type = CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	int ret = xioctl(fd, VIDIOC_REQBUFS, &req);

	*caps = req.capabilities;
	return ret;
}

/* Node numbers follow registration, so nodes are told apart by what they can do. */
static int open_vivid(bool userptr)
{
	struct dirent *entry;
	char path[300];
	int found = -ENODEV;
	uint32_t caps;
	DIR *dir;
	int fd;

	dir = opendir(SYSFS_VIDEO);
	while (dir && found < 0 && (entry = readdir(dir))) {
		if (!is_vivid_capture(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!buffer_caps(fd, &caps) &&
		    !!(caps & V4L2_BUF_CAP_SUPPORTS_USERPTR) == userptr)
			found = fd;
		else
			close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int set_input(int fd)
{
	int webcam = 0;

	return xioctl(fd, VIDIOC_S_INPUT, &webcam);
}

static int set_format(int fd)
{
	struct v4l2_format fmt = {
		.type = CAPTURE,
		.fmt.pix = {
			.width = FRAME_WIDTH,
			.height = FRAME_HEIGHT,
			.pixelformat = V4L2_PIX_FMT_YUYV,
			.field = V4L2_FIELD_NONE,
		},
	};
	int ret = xioctl(fd, VIDIOC_S_FMT, &fmt);

	if (!ret && fmt.fmt.pix.sizeimage != FRAME_SIZE)
		return -EMEDIUMTYPE;
	return ret;
}

static int set_frame_rate(int fd)
{
	struct v4l2_streamparm parm = {
		.type = CAPTURE,
		.parm.capture.timeperframe = { 1, 60 },
	};

	return xioctl(fd, VIDIOC_S_PARM, &parm);
}

static int set_control(int fd, const char *name, int value)
{
	struct v4l2_queryctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	struct v4l2_control ctrl = { .value = value };

	while (!xioctl(fd, VIDIOC_QUERYCTRL, &query)) {
		if (!strcmp((const char *)query.name, name)) {
			ctrl.id = query.id;
			return xioctl(fd, VIDIOC_S_CTRL, &ctrl);
		}
		query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	return -ENOENT;
}

/* Squares differ along both axes, so pages in the wrong order do not go unnoticed. */
static int set_still_picture(int fd)
{
	static const struct {
		const char *name;
		int value;
	} controls[] = {
		{ "OSD Text Mode", 2 },			/* none */
		{ "Test Pattern", 4 },			/* 100% color squares */
		{ "Horizontal Movement", 3 },		/* none */
		{ "Vertical Movement", 3 },		/* none */
	};
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(controls); i++)
		ret = set_control(fd, controls[i].name, controls[i].value);
	return ret;
}

static int open_prepared(bool importer)
{
	int fd = open_vivid(importer);
	int ret;

	if (fd < 0)
		return fd;
	ret = set_input(fd);
	if (!ret)
		ret = set_format(fd);
	if (!ret)
		ret = set_frame_rate(fd);
	if (!ret && importer)
		ret = set_still_picture(fd);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int video_open_exporter(void)
{
	return open_prepared(false);
}

int video_open_importer(void)
{
	return open_prepared(true);
}

int video_reqbufs(int fd, enum v4l2_memory memory, unsigned int count)
{
	struct v4l2_requestbuffers req = {
		.type = CAPTURE,
		.memory = memory,
		.count = count,
	};

	return xioctl(fd, VIDIOC_REQBUFS, &req);
}

int video_create_buffer(int fd, size_t size, struct v4l2_buffer *buf)
{
	struct v4l2_create_buffers create = {
		.count = 1,
		.memory = V4L2_MEMORY_MMAP,
		.format.type = CAPTURE,
	};
	int ret = xioctl(fd, VIDIOC_G_FMT, &create.format);

	if (ret)
		return ret;
	create.format.fmt.pix.sizeimage = size;
	ret = xioctl(fd, VIDIOC_CREATE_BUFS, &create);
	return ret ?: video_querybuf(fd, create.index, buf);
}

int video_querybuf(int fd, unsigned int index, struct v4l2_buffer *buf)
{
	memset(buf, 0, sizeof(*buf));
	buf->type = CAPTURE;
	buf->memory = V4L2_MEMORY_MMAP;
	buf->index = index;
	return xioctl(fd, VIDIOC_QUERYBUF, buf);
}

int video_export_buffer(int fd, unsigned int index)
{
	struct v4l2_exportbuffer exp = {
		.type = CAPTURE,
		.index = index,
		.flags = O_RDWR | O_CLOEXEC,
	};
	int ret = xioctl(fd, VIDIOC_EXPBUF, &exp);

	return ret ?: exp.fd;
}

static int queue_buffer(int fd, struct v4l2_buffer *buf)
{
	buf->type = CAPTURE;
	return xioctl(fd, VIDIOC_QBUF, buf);
}

int video_queue_mmap(int fd, unsigned int index)
{
	struct v4l2_buffer buf = {
		.index = index,
		.memory = V4L2_MEMORY_MMAP,
	};

	return queue_buffer(fd, &buf);
}

int video_queue_dmabuf(int fd, unsigned int index, int dmabuf)
{
	struct v4l2_buffer buf = {
		.index = index,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = dmabuf,
	};

	return queue_buffer(fd, &buf);
}

int video_queue_user(int fd, unsigned int index, void *addr, size_t len)
{
	struct v4l2_buffer buf = {
		.index = index,
		.memory = V4L2_MEMORY_USERPTR,
		.m.userptr = (unsigned long)addr,
		.length = len,
	};

	return queue_buffer(fd, &buf);
}

int video_dequeue_buffer(int fd, enum v4l2_memory memory, struct v4l2_buffer *buf)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ret;

	*buf = (struct v4l2_buffer) { .type = CAPTURE, .memory = memory };
	ret = poll(&pfd, 1, FRAME_TIMEOUT_MS);
	if (ret < 0)
		return -errno;
	if (!ret)
		return -ETIMEDOUT;
	return xioctl(fd, VIDIOC_DQBUF, buf);
}

int video_dequeue(int fd, enum v4l2_memory memory)
{
	struct v4l2_buffer buf;
	int ret = video_dequeue_buffer(fd, memory, &buf);

	if (ret)
		return ret;
	if ((buf.flags & V4L2_BUF_FLAG_ERROR) || buf.bytesused != FRAME_SIZE)
		return -EIO;
	return buf.index;
}

int video_stream(int fd, bool on)
{
	int type = CAPTURE;

	return xioctl(fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

static int capture_mapped(int fd, const void *map, unsigned char *frame)
{
	int ret = video_queue_mmap(fd, 0);

	if (!ret)
		ret = video_stream(fd, true);
	if (!ret)
		ret = video_dequeue(fd, V4L2_MEMORY_MMAP);
	if (ret >= 0)
		memcpy(frame, map, FRAME_SIZE);
	video_stream(fd, false);
	return ret < 0 ? ret : 0;
}

int video_reference(int fd, unsigned char *frame)
{
	struct v4l2_buffer buf;
	void *map;
	int ret;

	ret = video_reqbufs(fd, V4L2_MEMORY_MMAP, 1);
	if (!ret)
		ret = video_querybuf(fd, 0, &buf);
	if (ret)
		return ret;
	map = mmap(NULL, buf.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buf.m.offset);
	if (map == MAP_FAILED)
		return -errno;
	memset(map, 0, buf.length);
	ret = capture_mapped(fd, map, frame);
	munmap(map, buf.length);
	return ret ?: video_reqbufs(fd, V4L2_MEMORY_MMAP, 0);
}
