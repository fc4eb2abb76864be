// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter that owns nothing: /dev/vma_raw maps the device memory whose
 * physical address is the offset, as /dev/mem and many drivers do.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static int raw_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff,
				  vma->vm_end - vma->vm_start,
				  vma->vm_page_prot);
}

static const struct file_operations raw_fops = {
	.owner	= THIS_MODULE,
	.mmap	= raw_mmap,
};

static struct miscdevice raw_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vma_raw",
	.fops	= &raw_fops,
};
module_misc_device(raw_device);

MODULE_DESCRIPTION("Maps device memory without an owner");
MODULE_LICENSE("GPL");
