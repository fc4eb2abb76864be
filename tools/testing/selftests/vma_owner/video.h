/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streaming with vivid, as far as the tests need it.
 *
 * Two instances are expected: one that allocates with dma-contig and exports
 * (it takes no USERPTR), and one that allocates with vmalloc and imports:
 * vivid.n_devs=2 vivid.allocators=1,0
 *
 * Functions return a negative errno on failure.
 */
#ifndef _VMA_OWNER_VIDEO_H
#define _VMA_OWNER_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/videodev2.h>

#define FRAME_WIDTH	320
#define FRAME_HEIGHT	180
#define FRAME_SIZE	(FRAME_WIDTH * FRAME_HEIGHT * 2)	/* YUYV */

int video_open_exporter(void);
/* The importer draws one still picture: every frame is the same, byte for byte. */
int video_open_importer(void);

int video_reqbufs(int fd, enum v4l2_memory memory, unsigned int count);
int video_create_buffer(int fd, size_t size, struct v4l2_buffer *buf);
int video_querybuf(int fd, unsigned int index, struct v4l2_buffer *buf);
int video_export_buffer(int fd, unsigned int index);

int video_queue_mmap(int fd, unsigned int index);
int video_queue_dmabuf(int fd, unsigned int index, int dmabuf);
int video_queue_user(int fd, unsigned int index, void *addr, size_t len);
/* Waits for a frame, whatever is in it. */
int video_dequeue_buffer(int fd, enum v4l2_memory memory, struct v4l2_buffer *buf);
/* Waits for a frame; returns the index of its buffer. */
int video_dequeue(int fd, enum v4l2_memory memory);
int video_stream(int fd, bool on);

/* One frame by way of the importer's own buffers, for comparison. */
int video_reference(int fd, unsigned char *frame);

#endif
