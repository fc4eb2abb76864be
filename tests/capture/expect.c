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

/* vivid's drives 32 bits itself; ordinary memory and extents have none */
static bool has_dmabuf_above_4g(enum place_kind kind)
{
	return expect_above_4g(kind) &&
	       (kind < PLACE_EXTENTS || kind == PLACE_DMABUF ||
		kind == PLACE_DMABUF_NO_VMAP);
}

/* For a device that has no IOMMU */
static bool is_in_pieces(enum place_kind kind)
{
	return expect_scattered(kind) ||
	       (UDMABUF_MAPS_PAGES && kind == PLACE_UDMABUF &&
		expect_above_4g(kind));
}

static int expect_any(enum node node, enum place_kind kind, bool part)
{
	/* Extents alone have no kernel address */
	if (memops_of(node) == NODE_VMALLOC &&
	    (kind == PLACE_EXTENTS || kind == PLACE_EXTENTS_SCATTERED))
		return -EOPNOTSUPP;
	/* A device that bounces writes to no part of a dma-buf: see DOC: hand-over */
	if (memops_of(node) != NODE_VMALLOC && has_dmabuf_above_4g(kind) && part)
		return -EOPNOTSUPP;
	/*
	 * An IOMMU makes one piece of the pages, nothing else does: bounce buffers
	 * that happen to adjoin are none.
	 */
	if (memops_of(node) == NODE_CONTIG && is_in_pieces(kind) &&
	    guest_kind() != GUEST_IOMMU)
		return -EFAULT;
	return 0;
}

int expect(enum node node, enum place_kind kind)
{
	return expect_any(node, kind, true);
}

/* What the device only reads is not copied back from where it bounced */
int expect_out(enum node node, enum place_kind kind)
{
	return expect_any(node, kind, false);
}

int expect_whole(enum node node, enum place_kind kind)
{
	/* The heap makes so little of single pages, and each is bounced apart */
	if (memops_of(node) == NODE_CONTIG && kind == PLACE_SYSTEM_HEAP &&
	    guest_kind() == GUEST_32BIT)
		return -EFAULT;
	return expect_any(node, kind, false);
}
