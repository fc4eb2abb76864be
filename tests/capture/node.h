/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The nodes of tests/capture/vo_capture.c, and frames of theirs.
 *
 * Functions return a negative errno on failure.
 */
#ifndef _NODE_H
#define _NODE_H

#include <stdbool.h>
#include <stddef.h>

/* The order of the module's parameter memops */
enum node {
	NODE_CONTIG,
	NODE_SG,
	NODE_VMALLOC,
	NODE_EXPORTER,		/* contig as well */
	NODE_OUT_CONTIG,	/* outputs, in the order of the captures */
	NODE_OUT_SG,
	NODE_OUT_VMALLOC,
	NODES
};

/* The output of a capture's memops */
static inline enum node node_out(enum node node)
{
	return node + NODE_OUT_CONTIG;
}

#define NODE_POISON	0xa5	/* what surrounds a frame */

#define NODE_LINE	64
#define NODE_LINES	96
#define NODE_FRAME	(NODE_LINE * NODE_LINES)	/* a page and a half */

int node_open(enum node node);
/* As it is, also while somebody streams */
int node_look_on(enum node node);
/* "0000:00:03.0", of the PCI device behind the node */
int node_pci_name(enum node node, char *name, size_t size);
int node_set_lines(int fd, unsigned int lines);
/* @stride: bytes from line to line, 0 if there are no gaps */
int node_set_format(int fd, enum node node, unsigned int width,
		    unsigned int lines, unsigned int stride);

/* The memory around a frame, seen through a mapping of the test's own */
struct window {
	unsigned char *map;
	size_t size;
	size_t offset;		/* of the frame */
	size_t len;		/* of the frame */
};

/* Byte @i of frame @sequence */
unsigned char node_texel(unsigned int sequence, unsigned int i);

void window_poison(const struct window *window);
bool window_is_poison(const struct window *window);
/* Frame @sequence and nothing else */
bool window_shows(const struct window *window, unsigned int sequence);

/*
 * Poison, queue @target and start; take frame @sequence and queue again, or
 * not; stop. -EBADMSG: not the frame that is due, or more than that.
 */
int node_start(int fd, void *target, const struct window *window);
int node_take(int fd, const struct window *window, unsigned int sequence);
int node_queue(int fd, void *target, const struct window *window);
void node_stop(int fd);

/* Frame @sequence, drawn by the CPU, between bytes of poison */
void window_draw(const struct window *window, unsigned int sequence);

/*
 * The same for outputs: what is in the memory is queued, and what the device has
 * read is compared with frame @sequence.
 */
int node_out_start(int fd, void *target, const struct window *window);
int node_out_take(int fd, const struct window *window, unsigned int sequence);
int node_out_queue(int fd, void *target, const struct window *window);
void node_out_stop(int fd);

/* One by one, for several buffers */
int node_out_reqbufs(int fd, unsigned int count);
int node_out_queue_at(int fd, unsigned int index, void *target, size_t len);
int node_out_stream(int fd, bool on);
/* What the device has read is dequeued, and is @len bytes of frame @sequence */
int node_out_seen(int fd, size_t len, unsigned int sequence);

/* All of it, with two frames */
int node_capture(int fd, void *target, const struct window *window);
/*
 * From one device to the other: what @fd captures @out plays, from the same memory,
 * which the CPU only looks at. The errno of the first start, or -EPROTO.
 */
int node_round_trip(int fd, int out, void *target, const struct window *window);

#endif
