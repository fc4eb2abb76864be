/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which guest this is, see kit/guests.sh: what may be expected depends on it.
 */
#ifndef _GUEST_H
#define _GUEST_H

#include <stdbool.h>

enum guest {
	GUEST_PLAIN,
	GUEST_IOMMU,	/* the devices are behind an IOMMU */
	GUEST_32BIT,	/* they drive 32 bits of address, most memory is higher */
};

enum guest guest_kind(void);
/* DMA_API_DEBUG looks on, which minds what stock videobuf2 does */
bool guest_debugs_dma(void);

#endif
