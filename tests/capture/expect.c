// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "expect.h"
#include "guest.h"

bool expect_none(enum place_kind kind)
{
	return !NON_COHERENT_BUFFERS && kind == PLACE_VB2_NON_COHERENT;
}

bool expect_scattered(enum place_kind kind)
{
	return (SYSTEM_HEAP_SCATTERS && kind == PLACE_SYSTEM_HEAP) ||
	       kind == PLACE_UDMABUF_SCATTERED ||
	       kind == PLACE_EXTENTS_SCATTERED ||
	       kind == PLACE_ANONYMOUS_SCATTERED ||
	       kind == PLACE_MEMFD_SCATTERED;
}

bool expect_device_memory(enum place_kind kind)
{
	return kind == PLACE_VB2_CONTIG || kind == PLACE_VB2_NON_COHERENT ||
	       kind == PLACE_VIVID;
}

/* vivid drives 32 bits itself */
bool expect_above_4g(enum place_kind kind)
{
	return guest_kind() == GUEST_32BIT && kind != PLACE_VIVID;
}

static enum node memops_of(enum node node)
{
	return node < NODE_OUT_CONTIG ? node : node - NODE_OUT_CONTIG;
}

bool expect_luck(enum node node, enum place_kind kind)
{
	return guest_kind() == GUEST_32BIT && expect_scattered(kind) &&
	       memops_of(node) == NODE_CONTIG;
}

int expect(enum node node, enum place_kind kind)
{
	/* Extents alone have no kernel address */
	if (memops_of(node) == NODE_VMALLOC &&
	    (kind == PLACE_EXTENTS || kind == PLACE_EXTENTS_SCATTERED))
		return -EOPNOTSUPP;
	/* An IOMMU makes one piece of the pages, nothing else does */
	if (memops_of(node) == NODE_CONTIG && expect_scattered(kind) &&
	    guest_kind() == GUEST_PLAIN)
		return -EFAULT;
	return 0;
}
