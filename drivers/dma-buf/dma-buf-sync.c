// SPDX-License-Identifier: GPL-2.0
/*
 * Sync of what importers have mapped, for exporters of ordinary memory.
 */
#include <linux/dma-buf-sync.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

struct dma_buf_sync_table {
	struct list_head	node;
	struct device		*dev;
	struct sg_table		*sgt;
	enum dma_data_direction	dir;
};

/**
 * dma_buf_sync_init() - nothing is mapped yet
 * @list: list of the buffer
 *
 * Context: Any.
 */
void dma_buf_sync_init(struct dma_buf_sync_list *list)
{
	mutex_init(&list->lock);
	INIT_LIST_HEAD(&list->tables);
}
EXPORT_SYMBOL_GPL(dma_buf_sync_init);

/**
 * dma_buf_sync_add() - an importer has mapped the buffer
 * @list: list of the buffer
 * @dev: device that the buffer is mapped for
 * @sgt: the mapped table, of all of the buffer
 * @dir: the direction that it is mapped with, of dma_buf_sync_map_dir()
 *
 * For &dma_buf_ops.map_dma_buf, which maps without DMA_ATTR_SKIP_CPU_SYNC.
 *
 * Context: Process context, may sleep. The caller may hold the dma_resv.
 * Return: 0 or -ENOMEM.
 */
int dma_buf_sync_add(struct dma_buf_sync_list *list, struct device *dev,
		     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct dma_buf_sync_table *t = kzalloc_obj(*t);

	if (!t)
		return -ENOMEM;
	t->dev = dev;
	t->sgt = sgt;
	t->dir = dir;
	mutex_lock(&list->lock);
	list_add_tail(&t->node, &list->tables);
	mutex_unlock(&list->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_buf_sync_add);

/**
 * dma_buf_sync_del() - an importer is about to unmap the buffer
 * @list: list of the buffer
 * @sgt: what was passed to dma_buf_sync_add(), still mapped
 *
 * For &dma_buf_ops.unmap_dma_buf. When it returns nobody syncs @sgt any more.
 *
 * Context: Process context, may sleep. The caller may hold the dma_resv.
 */
void dma_buf_sync_del(struct dma_buf_sync_list *list, struct sg_table *sgt)
{
	struct dma_buf_sync_table *t;

	mutex_lock(&list->lock);
	list_for_each_entry(t, &list->tables, node) {
		if (t->sgt == sgt) {
			list_del(&t->node);
			kfree(t);
			break;
		}
	}
	mutex_unlock(&list->lock);
}
EXPORT_SYMBOL_GPL(dma_buf_sync_del);

/* What is mapped for a device to read has no other direction, says DMA_API_DEBUG */
static enum dma_data_direction dma_buf_sync_dir(const struct dma_buf_sync_table *t,
						enum dma_data_direction dir)
{
	return t->dir == DMA_TO_DEVICE ? DMA_TO_DEVICE : dir;
}

/**
 * dma_buf_sync_for_cpu() - the CPU is about to access the buffer
 * @list: list of the buffer
 * @dir: how, as &dma_buf_ops.begin_cpu_access is told
 *
 * Context: Process context, may sleep. The caller may hold the dma_resv.
 */
void dma_buf_sync_for_cpu(struct dma_buf_sync_list *list,
			  enum dma_data_direction dir)
{
	struct dma_buf_sync_table *t;

	mutex_lock(&list->lock);
	list_for_each_entry(t, &list->tables, node) {
		/* It wrote nothing, and its bounce buffer may be out of date */
		if (t->dir == DMA_TO_DEVICE)
			continue;
		dma_sync_sgtable_for_cpu(t->dev, t->sgt, dir);
	}
	mutex_unlock(&list->lock);
}
EXPORT_SYMBOL_GPL(dma_buf_sync_for_cpu);

/**
 * dma_buf_sync_for_device() - the CPU has accessed the buffer
 * @list: list of the buffer
 * @dir: how, as &dma_buf_ops.end_cpu_access is told
 *
 * Context: Process context, may sleep. The caller may hold the dma_resv.
 */
void dma_buf_sync_for_device(struct dma_buf_sync_list *list,
			     enum dma_data_direction dir)
{
	struct dma_buf_sync_table *t;

	mutex_lock(&list->lock);
	list_for_each_entry(t, &list->tables, node)
		dma_sync_sgtable_for_device(t->dev, t->sgt,
					    dma_buf_sync_dir(t, dir));
	mutex_unlock(&list->lock);
}
EXPORT_SYMBOL_GPL(dma_buf_sync_for_device);
