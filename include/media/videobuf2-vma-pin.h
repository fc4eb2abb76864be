/* SPDX-License-Identifier: GPL-2.0 */
/*
 * videobuf2 as importer of memory that user space passes by address.
 */
#ifndef _MEDIA_VIDEOBUF2_VMA_PIN_H
#define _MEDIA_VIDEOBUF2_VMA_PIN_H

#include <linux/dma-direction.h>
#include <linux/vma_owner.h>

void *vb2_pin_vmap(struct vma_pin *pin, unsigned long vaddr,
		   unsigned long size, enum dma_data_direction dir);

#endif
