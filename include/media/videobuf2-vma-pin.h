/* SPDX-License-Identifier: GPL-2.0 */
/*
 * videobuf2 as importer of memory that user space passes by address.
 */
#ifndef _MEDIA_VIDEOBUF2_VMA_PIN_H
#define _MEDIA_VIDEOBUF2_VMA_PIN_H

#include <linux/dma-direction.h>
#include <linux/vma_owner.h>

struct device;
struct sg_table;

struct sg_table *vb2_pin_map_dma(struct vma_pin *pin, struct device *dev,
				 unsigned long vaddr, unsigned long size,
				 enum dma_data_direction dir);
struct sg_table *vb2_pin_map_contig(struct vma_pin *pin, struct device *dev,
				    unsigned long vaddr, unsigned long size,
				    enum dma_data_direction dir);
bool vb2_pin_adjoins_by_luck(struct device *dev, struct sg_table *sgt);
int vb2_sgt_need_pages(struct sg_table *sgt);
void *vb2_pin_vmap(struct vma_pin *pin, unsigned long vaddr,
		   unsigned long size, enum dma_data_direction dir);
void *vb2_pin_vaddr(struct vma_pin *pin, enum dma_data_direction dir);
int vb2_pin_prepare(struct vma_pin *pin);
int vb2_pin_finish(struct vma_pin *pin);
int vb2_pin_begin_access(struct vma_pin *pin);
int vb2_pin_end_access(struct vma_pin *pin);

#endif
