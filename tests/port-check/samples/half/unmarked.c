// SPDX-License-Identifier: GPL-2.0
#include "half.h"

static const struct vm_operations_struct unmarked_vm_ops = {
	.open		= unmarked_open,
	.close		= unmarked_close,
};

int map_unmarked(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &unmarked_vm_ops;
	return dma_mmap_wc(dev, vma, cpu, dma, size);	/* expect: exporter */
}
