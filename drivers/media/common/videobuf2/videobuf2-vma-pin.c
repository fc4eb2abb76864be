// SPDX-License-Identifier: GPL-2.0
/*
 * videobuf2 as importer of memory that user space passes by address
 * (V4L2_MEMORY_USERPTR).
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>

#include <media/videobuf2-vma-pin.h>

/*
 * No invalidate: a queue cannot stop a device in mid-frame, so memory that its
 * owner may revoke is refused.
 */
static const struct vma_pin_client vb2_pin_client = {
	.name = "videobuf2",
};

static const struct vma_pin_client vb2_pin_contig_client = {
	.name = "videobuf2",
	.contiguous = true,
};

static int vb2_pin_user(struct vma_pin *pin, unsigned long vaddr,
			unsigned long size, enum dma_data_direction dir,
			const struct vma_pin_client *client)
{
	bool write = dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
	unsigned long end;

	/* What user space has always been told of a range that wraps */
	if (check_add_overflow(vaddr, size, &end))
		return -EOVERFLOW;
	return vma_pin_user(pin, vaddr, size, write ? VMA_PIN_WRITE : 0, client);
}

static struct sg_table *vb2_pin_map(struct vma_pin *pin, struct device *dev,
				    unsigned long vaddr, unsigned long size,
				    enum dma_data_direction dir,
				    const struct vma_pin_client *client)
{
	struct sg_table *sgt;
	int ret;

	ret = vb2_pin_user(pin, vaddr, size, dir, client);
	if (ret)
		return ERR_PTR(ret);
	sgt = vma_pin_map_dma_unlocked(pin, dev, dir);
	if (IS_ERR(sgt))
		vma_unpin(pin);
	return sgt;
}

/**
 * vb2_pin_map_dma() - pin a USERPTR buffer and map it for a device
 * @pin: pin to fill, for vma_unpin(), which undoes the mapping as well
 * @dev: device that will access the memory
 * @vaddr: user address
 * @size: length in bytes
 * @dir: direction of the queue
 *
 * Context: As vma_pin_user(). The queue lock may be held.
 * Return: DMA addresses, see vma_pin_map_dma(): there are no pages unless the
 * memory is ordinary. Or an ERR_PTR: the errno of vma_pin_user() or
 * vma_pin_map_dma_unlocked().
 */
struct sg_table *vb2_pin_map_dma(struct vma_pin *pin, struct device *dev,
				 unsigned long vaddr, unsigned long size,
				 enum dma_data_direction dir)
{
	return vb2_pin_map(pin, dev, vaddr, size, dir, &vb2_pin_client);
}
EXPORT_SYMBOL_GPL(vb2_pin_map_dma);

/**
 * vb2_pin_map_contig() - the same, for a device that takes one address
 * @pin: pin to fill, for vma_unpin(), which undoes the mapping as well
 * @dev: device that will access the memory
 * @vaddr: user address
 * @size: length in bytes
 * @dir: direction of the queue
 *
 * Segments are as long as can be: only whether all of it is contiguous matters,
 * for the caller to see.
 *
 * Context: As vb2_pin_map_dma().
 * Return: As vb2_pin_map_dma().
 */
struct sg_table *vb2_pin_map_contig(struct vma_pin *pin, struct device *dev,
				    unsigned long vaddr, unsigned long size,
				    enum dma_data_direction dir)
{
	return vb2_pin_map(pin, dev, vaddr, size, dir, &vb2_pin_contig_client);
}
EXPORT_SYMBOL_GPL(vb2_pin_map_contig);

/* The DMA API tells of devices that are coherent; of others only the address does */
static bool vb2_pin_may_be_bounced(struct device *dev, struct scatterlist *sg)
{
	if (!dma_need_sync(dev, sg_dma_address(sg)))
		return false;
	return !sg_page(sg) || sg_phys(sg) != sg_dma_address(sg);
}

/**
 * vb2_pin_adjoins_by_luck() - is memory one range only because of where it is bounced
 * @dev: device that the memory is mapped for
 * @sgt: its table, whose DMA addresses adjoin
 *
 * Each entry of a table is bounced alone, and nobody promises that the next one
 * gets the slot behind it: what is accepted now would be refused another time. An
 * IOMMU that isolates a device from the rest of a page bounces likewise.
 *
 * Context: Any.
 * Return: true if the memory must not be taken for contiguous.
 */
bool vb2_pin_adjoins_by_luck(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	/* Either one slot, or a device that bounces nothing */
	if (sgt->nents == 1 || dma_max_mapping_size(dev) == SIZE_MAX)
		return false;
	if (dma_get_merge_boundary(dev))
		return true;
	for_each_sgtable_dma_sg(sgt, sg, i)
		if (vb2_pin_may_be_bounced(dev, sg))
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(vb2_pin_adjoins_by_luck);

/**
 * vb2_sgt_need_pages() - for drivers that read the pages of a table
 * @sgt: table of a plane, see vb2_dma_sg_plane_desc()
 *
 * The table of a USERPTR buffer has DMA addresses only, unless the memory is
 * ordinary or a whole dma-buf, and so may that of a dma-buf passed by fd. A driver
 * whose CPU or whose own IOMMU needs pages asks for them in &vb2_ops.buf_init.
 *
 * Context: Any.
 * Return: 0, or -EOPNOTSUPP if a piece has no page.
 */
int vb2_sgt_need_pages(struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		if (!sg_page(sg))
			return -EOPNOTSUPP;
	return 0;
}
EXPORT_SYMBOL_GPL(vb2_sgt_need_pages);

/* The driver's CPU does what a device would: it writes what is captured */
static enum dma_data_direction vb2_pin_cpu_dir(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_FROM_DEVICE:
		return DMA_TO_DEVICE;
	case DMA_TO_DEVICE:
		return DMA_FROM_DEVICE;
	default:
		return dir;
	}
}

/**
 * vb2_pin_vmap() - pin a USERPTR buffer and map it for the kernel
 * @pin: pin to fill, for vma_unpin(), which undoes the mapping as well
 * @vaddr: user address
 * @size: length in bytes
 * @dir: direction of the queue
 *
 * Context: As vma_pin_user(). The queue lock may be held.
 * Return: Kernel address of the first byte, or an ERR_PTR: the errno of
 * vma_pin_user() or vma_pin_vmap_unlocked().
 */
void *vb2_pin_vmap(struct vma_pin *pin, unsigned long vaddr,
		   unsigned long size, enum dma_data_direction dir)
{
	void *map;
	int ret;

	ret = vb2_pin_user(pin, vaddr, size, dir, &vb2_pin_client);
	if (ret)
		return ERR_PTR(ret);
	map = vma_pin_vmap_unlocked(pin, vb2_pin_cpu_dir(dir));
	if (IS_ERR(map))
		vma_unpin(pin);
	return map;
}
EXPORT_SYMBOL_GPL(vb2_pin_vmap);

/**
 * vb2_pin_vaddr() - map a pinned USERPTR buffer for the kernel
 * @pin: the pin, which has no kernel mapping yet
 * @dir: direction of the queue
 *
 * Context: As vma_pin_vmap_unlocked(). vma_unpin() undoes it.
 * Return: Kernel address of the first byte, or NULL, as the vaddr memop does.
 */
void *vb2_pin_vaddr(struct vma_pin *pin, enum dma_data_direction dir)
{
	void *vaddr = vma_pin_vmap_unlocked(pin, vb2_pin_cpu_dir(dir));

	return IS_ERR(vaddr) ? NULL : vaddr;
}
EXPORT_SYMBOL_GPL(vb2_pin_vaddr);

/**
 * vb2_pin_prepare() - the device is about to access the memory
 * @pin: the pin
 *
 * Context: As vma_pin_sync_for_device().
 * Return: As vma_pin_sync_for_device().
 */
int vb2_pin_prepare(struct vma_pin *pin)
{
	return vma_pin_sync_for_device(pin);
}
EXPORT_SYMBOL_GPL(vb2_pin_prepare);

/**
 * vb2_pin_finish() - the device is done, user space may access the memory
 * @pin: the pin
 *
 * Context: As vma_pin_sync_for_cpu(): USERPTR buffers are finished when they are
 * dequeued, not by vb2_buffer_done().
 * Return: As vma_pin_sync_for_cpu().
 */
int vb2_pin_finish(struct vma_pin *pin)
{
	return vma_pin_sync_for_cpu(pin);
}
EXPORT_SYMBOL_GPL(vb2_pin_finish);

/**
 * vb2_pin_begin_access() - the driver is about to access the memory by CPU
 * @pin: the pin, mapped by vb2_pin_vmap(); nothing happens if it was never pinned
 *
 * Context: As vma_pin_sync_for_cpu().
 * Return: As vma_pin_sync_for_cpu().
 */
int vb2_pin_begin_access(struct vma_pin *pin)
{
	return pin->client ? vma_pin_sync_for_cpu(pin) : 0;
}
EXPORT_SYMBOL_GPL(vb2_pin_begin_access);

/**
 * vb2_pin_end_access() - the driver has accessed the memory by CPU
 * @pin: the pin, mapped by vb2_pin_vmap(); nothing happens if it was never pinned
 *
 * Context: As vma_pin_sync_for_device().
 * Return: As vma_pin_sync_for_device().
 */
int vb2_pin_end_access(struct vma_pin *pin)
{
	return pin->client ? vma_pin_sync_for_device(pin) : 0;
}
EXPORT_SYMBOL_GPL(vb2_pin_end_access);
