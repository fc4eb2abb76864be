/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capturing into user memory with one buffer, and proof of what arrived.
 *
 * The memory is looked at through a view: a mapping of the tests' own, other
 * than the one handed to the importer.  Before each frame all of the view is
 * poisoned; a frame counts only if every byte of it is there and every byte
 * around it still is poison.
 */
#ifndef _VMA_OWNER_FRAME_H
#define _VMA_OWNER_FRAME_H

#include <stdbool.h>
#include <stddef.h>

struct view {
	unsigned char *map;	/* NULL: nothing to look through */
	size_t size;
	size_t offset;		/* of the frame */
};

void view_poison(const struct view *view);
bool view_matches(const struct view *view, const unsigned char *reference);

/* All return 0, a negative errno, or -EBADMSG for a frame that is not as drawn. */
/* Queues the one buffer, but does not start. */
int capture_queue(int importer, void *target, const struct view *view);
int capture_start(int importer, void *target, const struct view *view);
/* Takes the frame, and does not queue the buffer again. */
int capture_last(int importer, const struct view *view,
		 const unsigned char *reference);
int capture_frame(int importer, void *target, const struct view *view,
		  const unsigned char *reference);
void capture_stop(int importer);

/* Start, several frames, stop. */
int capture(int importer, void *target, const struct view *view,
	    const unsigned char *reference);

const char *capture_result(int ret);

#endif
