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

#endif
