/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What must come of a node and a memory, in this guest: one answer for each.
 */
#ifndef _EXPECT_H
#define _EXPECT_H

#include <stdbool.h>

#include "node.h"
#include "place.h"

/* This kernel has no such memory; old harnesses know no skip in a setup */
bool expect_none(enum place_kind kind);
/* No two pages of it adjoin */
bool expect_scattered(enum place_kind kind);
/* dma_alloc memory: where it lies is the matter of the device that it is for */
bool expect_device_memory(enum place_kind kind);
/* The devices that import cannot reach it */
bool expect_above_4g(enum place_kind kind);

/* 0 or a negative errno, of a capture, for a part of the memory */
int expect(enum node node, enum place_kind kind);
/* ... of an output */
int expect_out(enum node node, enum place_kind kind);
/* The same if no page of the memory is left out */
int expect_whole(enum node node, enum place_kind kind);

/* For tests with a variant that has a place */
#define SKIP_IF_NONE()							\
	do {								\
		if (expect_none(variant->place))			\
			SKIP(return, "every MMAP buffer is coherent");	\
	} while (0)

#endif
