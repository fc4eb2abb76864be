/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vivid of 5.10 does not start before two buffers are queued, and most tests queue
 * one. So one more is queued behind it when streaming starts, in ordinary memory
 * or a buffer of the importer's, and is not shown when it is done. Drivers that
 * do not need it have not allocated it, and refuse it.
 */
#ifndef _VMA_OWNER_SPARE_H
#define _VMA_OWNER_SPARE_H

#define SPARE_FDS	256

static struct spare {
	unsigned int queued;		/* buffers, since the last REQBUFS or STREAMOFF */
	struct v4l2_buffer first;
	bool running;
} spares[SPARE_FDS];

static struct spare *spare_of(int fd)
{
	return &spares[fd < SPARE_FDS ? fd : 0];
}

static void spare_forget(int fd)
{
	*spare_of(fd) = (struct spare) {};
}

static void spare_note(int fd, const struct v4l2_buffer *buf)
{
	if (!spare_of(fd)->queued++)
		spare_of(fd)->first = *buf;
}

static void spare_queue(int fd)
{
	struct spare *spare = spare_of(fd);
	struct v4l2_buffer buf = spare->first;
	void *memory = NULL;

	if (spare->queued != 1)
		return;
	buf.index = !spare->first.index;
	if (buf.memory == V4L2_MEMORY_USERPTR) {
		memory = mmap(NULL, buf.length, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			return;
		buf.m.userptr = (unsigned long)memory;
	}
	spare->running = !xioctl(fd, VIDIOC_QBUF, &buf);
	/* The queue has the pages, or nobody needs them */
	if (memory)
		munmap(memory, buf.length);
}

static bool spare_is_done(int fd, const struct v4l2_buffer *buf)
{
	struct spare *spare = spare_of(fd);

	if (!spare->running || buf->index == spare->first.index)
		return false;
	spare->running = false;
	return true;
}

#endif
