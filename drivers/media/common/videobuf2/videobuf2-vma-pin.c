// SPDX-License-Identifier: GPL-2.0
/*
 * videobuf2 as importer of memory that user space passes by address
 * (V4L2_MEMORY_USERPTR).
 */
#include <linux/export.h>
#include <linux/overflow.h>

#include <media/videobuf2-vma-pin.h>

/*
 * No invalidate: a queue cannot stop a device in mid-frame, so memory that its
 * owner may revoke is refused.
 */
static const struct vma_pin_client vb2_pin_client = {
	.name = "videobuf2",
};

static int vb2_pin_user(struct vma_pin *pin, unsigned long vaddr,
			unsigned long size, enum dma_data_direction dir)
{
	bool write = dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
	unsigned long end;

	/* What user space has always been told of a range that wraps */
	if (check_add_overflow(vaddr, size, &end))
		return -EOVERFLOW;
	return vma_pin_user(pin, vaddr, size, write ? VMA_PIN_WRITE : 0,
			    &vb2_pin_client);
}

/**
 * vb2_pin_vmap() - pin a USERPTR buffer and map it for the kernel
 * @pin: pin to fill, for vma_unpin(), which undoes the mapping as well
 * @vaddr: user address
 * @size: length in bytes
 * @dir: direction of the queue
 *
 * The accesses are not bracketed by dma_buf_begin_cpu_access(), no more than
 * those of V4L2_MEMORY_DMABUF buffers are: that may sleep, and vb2_buffer_done()
 * may not.
 *
 * Context: As vma_pin_user(). The queue lock may be held.
 * Return: Kernel address of the first byte, or an ERR_PTR: the errno of
 * vma_pin_user() or vma_pin_vmap().
 */
void *vb2_pin_vmap(struct vma_pin *pin, unsigned long vaddr,
		   unsigned long size, enum dma_data_direction dir)
{
	void *map;
	int ret;

	ret = vb2_pin_user(pin, vaddr, size, dir);
	if (ret)
		return ERR_PTR(ret);
	map = vma_pin_vmap(pin);
	if (IS_ERR(map))
		vma_unpin(pin);
	return map;
}
EXPORT_SYMBOL_GPL(vb2_pin_vmap);
