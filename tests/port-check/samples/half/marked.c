// SPDX-License-Identifier: GPL-2.0
#include "half.h"

int map_marked(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &half_vm_ops;
	return dma_mmap_wc(dev, vma, cpu, dma, size);	/* expect: safe */
}
