// SPDX-License-Identifier: GPL-2.0
/*
 * USERPTR buffers of videobuf-dma-contig, pinned through their owner. Part of
 * videobuf-dma-contig.c, which alone knows what its buffers look like.
 */
static const struct vma_pin_client videobuf_dma_contig_client = {
	.name = "videobuf-dma-contig",
	.contiguous = true,
};

static enum dma_data_direction videobuf_dma_contig_dir(struct videobuf_queue *q)
{
	return V4L2_TYPE_IS_OUTPUT(q->type) ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static bool videobuf_dma_contig_is_contiguous(struct sg_table *sgt)
{
	dma_addr_t next = sg_dma_address(sgt->sgl);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_address(sg) != next)
			return false;
		next += sg_dma_len(sg);
	}
	return true;
}

static void videobuf_dma_contig_user_put(struct videobuf_dma_contig_memory *mem)
{
	if (mem->pin.client)
		vma_unpin(&mem->pin);
	mem->dma_handle = 0;
	mem->size = 0;
}

/* A driver that fails after this calls it again, without free between */
static int videobuf_dma_contig_user_get(struct videobuf_queue *q,
					struct videobuf_buffer *vb)
{
	enum dma_data_direction dir = videobuf_dma_contig_dir(q);
	struct videobuf_dma_contig_memory *mem = vb->priv;
	struct sg_table *sgt;
	int ret;

	videobuf_dma_contig_user_put(mem);
	ret = vma_pin_user(&mem->pin, vb->baddr, vb->size,
			   dir == DMA_FROM_DEVICE ? VMA_PIN_WRITE : 0,
			   &videobuf_dma_contig_client);
	if (ret)
		return ret;
	sgt = vma_pin_map_dma_unlocked(&mem->pin, q->dev, dir);
	ret = PTR_ERR_OR_ZERO(sgt);
	if (!ret && !videobuf_dma_contig_is_contiguous(sgt))
		ret = -EFAULT;
	if (!ret)
		ret = vma_pin_sync_for_device(&mem->pin);
	if (ret) {
		videobuf_dma_contig_user_put(mem);
		return ret;
	}
	mem->dma_handle = sg_dma_address(sgt->sgl);
	mem->size = vb->size;
	return 0;
}

static int __videobuf_sync(struct videobuf_queue *q, struct videobuf_buffer *vb)
{
	struct videobuf_dma_contig_memory *mem = vb->priv;

	return mem->pin.client ? vma_pin_sync_for_cpu(&mem->pin) : 0;
}

/* Something else may have been mapped at the address of a buffer since */
static int __videobuf_stale(struct videobuf_queue *q,
			    struct videobuf_buffer *vb)
{
	struct videobuf_dma_contig_memory *mem = vb->priv;

	return mem->pin.client && !vma_pin_still_there(&mem->pin);
}

/* A buffer that is queued again keeps its pin */
static int __videobuf_hand_over(struct videobuf_queue *q,
				struct videobuf_buffer *vb)
{
	struct videobuf_dma_contig_memory *mem = vb->priv;

	return mem->pin.client ? vma_pin_sync_for_device(&mem->pin) : 0;
}
