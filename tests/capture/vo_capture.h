/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the capture device draws, for the driver and for the test that looks
 * for it: byte @i of frame @sequence is
 *
 *	vo_texel((i + sequence * VO_STEP) % VO_PERIOD)
 *
 * The period is prime. So pages in the wrong order, a wrong offset and an old
 * frame all differ from what is due, and yet the device's small memory holds
 * all there is to know.
 */
#ifndef _VO_CAPTURE_H
#define _VO_CAPTURE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define VO_PERIOD	1021
#define VO_STEP		331

static inline unsigned char vo_texel(unsigned int i)
{
	unsigned int x = (i % VO_PERIOD + 1) * 2654435761u;

	return (x ^ (x >> 15)) >> 7;
}

static inline unsigned int vo_phase(unsigned int sequence, unsigned int i)
{
	return (i % VO_PERIOD + sequence % VO_PERIOD * VO_STEP) % VO_PERIOD;
}

/*
 * write() of this to a capture: frames are drawn there, one after the other, until
 * the file is closed or @len is 0; the owner may take the memory back meanwhile
 */
struct vo_target {
	uint64_t addr;
	uint64_t len;
};

/* read() of a capture then: bytes of frame @sequence that have been drawn */
struct vo_progress {
	uint32_t sequence;
	uint32_t done;
};

#endif
