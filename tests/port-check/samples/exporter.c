// SPDX-License-Identifier: GPL-2.0
int map_registers(struct file *file, struct vm_area_struct *vma)
{
	return io_remap_pfn_range(vma, vma->vm_start,	/* expect: exporter */
				  bar >> PAGE_SHIFT, size, vma->vm_page_prot);
}

int map_buffer(struct file *file, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(dev, vma, cpu, dma, size); /* expect: exporter */
}

vm_fault_t fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, pfn); /* expect: exporter */
}

int map_pages(struct file *file, struct vm_area_struct *vma)
{
	void *cpu = vm_map_ram(pages, 1, -1);

	if (vm_insert_page(vma, vma->vm_start, pages[0])) /* expect: safe */
		return -EFAULT;
	return remap_vmalloc_range(vma, cpu, 0);	/* expect: safe */
}
