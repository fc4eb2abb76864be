// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter outside the kernel tree that only wants to know when its memory is
 * accessed by the CPU. /dev/vma_bracket maps a new dma-buf; how often access to
 * one began, ended, and came out of turn stands in the module's parameters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-buf.h>
#include <linux/iosys-map.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>

#define BRACKET_SIZE	(1UL << 20)

static int begins, ends, wrong;
module_param(begins, int, 0444);
MODULE_PARM_DESC(begins, "accesses that began");
module_param(ends, int, 0444);
MODULE_PARM_DESC(ends, "accesses that ended");
module_param(wrong, int, 0444);
MODULE_PARM_DESC(wrong, "calls out of turn, or not for writing by the CPU");

static DEFINE_MUTEX(bracket_lock);

static int bracket_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	guard(mutex)(&bracket_lock);
	wrong += begins != ends || dir != DMA_TO_DEVICE;
	begins++;
	return 0;
}

static int bracket_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	guard(mutex)(&bracket_lock);
	wrong += begins != ends + 1 || dir != DMA_TO_DEVICE;
	ends++;
	return 0;
}

static struct sg_table *bracket_map(struct dma_buf_attachment *attach,
				    enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void bracket_unmap(struct dma_buf_attachment *attach,
			  struct sg_table *sgt, enum dma_data_direction dir)
{
}

static int bracket_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, dmabuf->priv);
	return 0;
}

static const struct vm_operations_struct bracket_vm_ops = {
	.owner_ops = &dma_buf_vma_owner_ops,
};

static int bracket_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	vma->vm_ops = &bracket_vm_ops;
	return remap_vmalloc_range(vma, dmabuf->priv, vma->vm_pgoff);
}

static void bracket_release(struct dma_buf *dmabuf)
{
	vfree(dmabuf->priv);
}

static const struct dma_buf_ops bracket_dmabuf_ops = {
	.map_dma_buf		= bracket_map,
	.unmap_dma_buf		= bracket_unmap,
	.begin_cpu_access	= bracket_begin,
	.end_cpu_access		= bracket_end,
	.vmap			= bracket_vmap,
	.mmap			= bracket_mmap,
	.release		= bracket_release,
};

static int bracket_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	int ret;

	info.ops = &bracket_dmabuf_ops;
	info.size = BRACKET_SIZE;
	info.flags = O_RDWR;
	info.priv = vmalloc_user(BRACKET_SIZE);
	if (!info.priv)
		return -ENOMEM;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		vfree(info.priv);
		return PTR_ERR(dmabuf);
	}
	/* From here on the VMA holds the dma-buf, by its file */
	ret = dma_buf_mmap(dmabuf, vma, 0);
	dma_buf_put(dmabuf);
	return ret;
}

static const struct file_operations bracket_fops = {
	.owner	= THIS_MODULE,
	.mmap	= bracket_file_mmap,
};

static struct miscdevice bracket_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vma_bracket",
	.fops	= &bracket_fops,
};
module_misc_device(bracket_misc);

MODULE_DESCRIPTION("Count the CPU accesses an importer announces");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
