// SPDX-License-Identifier: GPL-2.0
/*
 * V4L2 capture and output devices for tests, on QEMU's "edu" PCI device.
 *
 * Each edu becomes one video node. Its queue uses the memops that the parameter
 * names, and its frames are drawn by edu's DMA engine through the addresses that
 * videobuf2 gives for the device; with vmalloc by the CPU. Buffers are done in
 * the interrupt handler.
 *
 * With "out-" before its memops a node is an output: the engine reads the frames,
 * and read() of the node tells what it has seen of the last one.
 *
 * The driver never looks at the pages of a table: memory of an owner has none.
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-v4l2.h>
#include <media/videobuf2-vmalloc.h>

#include "vo_capture.h"

#define VO_NAME		"vo_capture"
#define VO_DEVICES	8
#define VO_OUT		"out-"

/* Registers of edu, QEMU's docs/specs/edu.txt */
#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START		0x1
#define EDU_DMA_TO_MEMORY	0x2
#define EDU_DMA_IRQ		0x4
#define EDU_IRQ_DMA		0x100
#define EDU_IRQ_DRAW		0x1
#define EDU_MEMORY		0x40000

/* A page's worth at once would end one byte beyond what edu takes. */
#define VO_CHUNK	2048
#define VO_TEXELS	(VO_PERIOD + VO_CHUNK)
#define VO_DMA_TIMEOUT	(2 * HZ)

#define VO_WIDTH	64
#define VO_HEIGHT	96
#define VO_MAX_SIDE	8192

/* What an output node has seen */
#define VO_SEEN		(4 * PAGE_SIZE)

static char *memops[VO_DEVICES] = { "contig", "sg", "vmalloc" };
static int memops_count = 3;
module_param_array(memops, charp, &memops_count, 0444);
MODULE_PARM_DESC(memops, "contig, sg or vmalloc, or out- and one of them, for each device, over and over");

static unsigned int dma_mask[VO_DEVICES] = { 64 };
static int dma_mask_count = 1;
module_param_array(dma_mask, uint, &dma_mask_count, 0444);
MODULE_PARM_DESC(dma_mask, "bits of a DMA address that each device drives, over and over");

static DEFINE_IDA(vo_ids);

struct vo_buffer {
	struct vb2_v4l2_buffer	vb;
	struct list_head	node;
};

/**
 * struct vo_device - one edu, one node
 * @v4l2: lives as long as somebody has the node open
 * @vdev: the node
 * @queue: its queue
 * @lock: serialises ioctls and guards the format
 * @pci: the edu
 * @regs: its registers
 * @id: which of the devices this is
 * @width: bytes per line
 * @height: lines
 * @idle: woken when the engine stops
 * @irq_lock: guards what follows against the interrupt handler
 * @queued: buffers to draw
 * @buf: the one being drawn
 * @sg: where @buf goes on; with contig an entry of the driver's own
 * @sg_offset: in @sg
 * @done: bytes of @buf drawn, or read
 * @held: bytes read that are still in the edu's memory
 * @contig: the one entry of a contig buffer
 * @sequence: of the next frame
 * @busy: the engine runs
 * @stopping: draw no more
 * @texels: what is loaded into the edu
 * @texels_dma: DMA address of @texels
 * @output: the engine reads frames
 * @seen: what it read
 * @seen_dma: DMA address of @seen
 * @seen_len: bytes of the last frame in @seen
 */
struct vo_device {
	struct v4l2_device	v4l2;
	struct video_device	vdev;
	struct vb2_queue	queue;
	struct mutex		lock;	/* see above */
	struct pci_dev		*pci;
	void __iomem		*regs;
	int			id;
	unsigned int		width;
	unsigned int		height;
	wait_queue_head_t	idle;

	spinlock_t		irq_lock;	/* see above */
	struct list_head	queued;
	struct vo_buffer	*buf;
	struct scatterlist	*sg;
	unsigned int		sg_offset;
	unsigned int		done;
	unsigned int		held;
	struct scatterlist	contig;
	unsigned int		sequence;
	bool			busy;
	bool			stopping;

	u8			*texels;
	dma_addr_t		texels_dma;

	bool			output;
	u8			*seen;
	dma_addr_t		seen_dma;
	unsigned int		seen_len;
};

static unsigned int vo_size(const struct vo_device *vo)
{
	return vo->width * vo->height;
}

/* ------------------------------------------------------------------------- */
/* The engine                                                                */

static void vo_transfer(struct vo_device *vo, dma_addr_t src, dma_addr_t dst,
			u32 count, u32 cmd)
{
	vo->busy = true;
	writeq(src, vo->regs + EDU_DMA_SRC);
	writeq(dst, vo->regs + EDU_DMA_DST);
	writeq(count, vo->regs + EDU_DMA_COUNT);
	writeq(cmd | EDU_DMA_START | EDU_DMA_IRQ, vo->regs + EDU_DMA_CMD);
}

static void vo_load_texels(struct vo_device *vo)
{
	vo_transfer(vo, vo->texels_dma, EDU_MEMORY, VO_TEXELS, 0);
}

/* Where the next piece of the frame is, and how long: as much as a segment has */
static dma_addr_t vo_next_chunk(struct vo_device *vo, u32 *n)
{
	dma_addr_t addr;

	while (vo->sg_offset == sg_dma_len(vo->sg)) {
		vo->sg = sg_next(vo->sg);
		vo->sg_offset = 0;
	}
	addr = sg_dma_address(vo->sg) + vo->sg_offset;
	*n = min3(vo_size(vo) - vo->done, (u32)VO_CHUNK,
		  sg_dma_len(vo->sg) - vo->sg_offset);
	vo->sg_offset += *n;
	return addr;
}

static void vo_draw_chunk(struct vo_device *vo)
{
	dma_addr_t to;
	u32 n;

	to = vo_next_chunk(vo, &n);
	vo_transfer(vo, EDU_MEMORY + vo_phase(vo->sequence, vo->done), to, n,
		    EDU_DMA_TO_MEMORY);
	vo->done += n;
}

/* Into the edu's memory, and in a second transfer from there to @seen */
static void vo_read_chunk(struct vo_device *vo)
{
	dma_addr_t from;

	if (vo->held) {
		vo_transfer(vo, EDU_MEMORY, vo->seen_dma + vo->done, vo->held,
			    EDU_DMA_TO_MEMORY);
		vo->done += vo->held;
		vo->held = 0;
		return;
	}
	from = vo_next_chunk(vo, &vo->held);
	vo_transfer(vo, from, EDU_MEMORY, vo->held, 0);
}

static void vo_move_chunk(struct vo_device *vo)
{
	if (vo->output)
		vo_read_chunk(vo);
	else
		vo_draw_chunk(vo);
}

static void vo_move_by_cpu(struct vo_device *vo)
{
	u8 *frame = vb2_plane_vaddr(&vo->buf->vb.vb2_buf, 0);
	unsigned int size = vo_size(vo);
	unsigned int i;

	if (vo->output)
		memcpy(vo->seen, frame, size);
	else
		for (i = 0; i < size; i++)
			frame[i] = vo->texels[vo_phase(vo->sequence, i)];
	vo->done = size;
}

static void vo_begin_frame(struct vo_device *vo)
{
	struct vb2_buffer *vb = &vo->buf->vb.vb2_buf;

	vo->done = 0;
	vo->held = 0;
	vo->sg_offset = 0;
	if (vo->queue.mem_ops == &vb2_vmalloc_memops) {
		vo->busy = true;
		writel(EDU_IRQ_DRAW, vo->regs + EDU_IRQ_RAISE);
		return;
	}
	if (vo->queue.mem_ops == &vb2_dma_contig_memops) {
		sg_init_table(&vo->contig, 1);
		sg_dma_address(&vo->contig) =
			vb2_dma_contig_plane_dma_addr(vb, 0);
		sg_dma_len(&vo->contig) = vo_size(vo);
		vo->sg = &vo->contig;
	} else {
		vo->sg = vb2_dma_sg_plane_desc(vb, 0)->sgl;
	}
	vo_move_chunk(vo);
}

static void vo_end_frame(struct vo_device *vo)
{
	struct vb2_v4l2_buffer *vb = &vo->buf->vb;

	vb->sequence = vo->sequence++;
	vb->field = V4L2_FIELD_NONE;
	vb->vb2_buf.timestamp = ktime_get_ns();
	if (vo->output)
		vo->seen_len = vo_size(vo);
	else
		vb2_set_plane_payload(&vb->vb2_buf, 0, vo_size(vo));
	vo->buf = NULL;
	vb2_buffer_done(&vb->vb2_buf, VB2_BUF_STATE_DONE);
}

/* Called with irq_lock held, the engine at rest */
static void vo_go_on(struct vo_device *vo)
{
	vo->busy = false;
	if (vo->stopping) {
		wake_up(&vo->idle);
		return;
	}
	if (vo->buf && vo->done < vo_size(vo)) {
		vo_move_chunk(vo);
		return;
	}
	if (vo->buf)
		vo_end_frame(vo);
	vo->buf = list_first_entry_or_null(&vo->queued, struct vo_buffer, node);
	if (!vo->buf)
		return;
	list_del(&vo->buf->node);
	vo_begin_frame(vo);
}

static irqreturn_t vo_interrupt(int irq, void *data)
{
	struct vo_device *vo = data;
	u32 status = readl(vo->regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, vo->regs + EDU_IRQ_ACK);

	guard(spinlock)(&vo->irq_lock);
	if (status & EDU_IRQ_DRAW && vo->buf && !vo->stopping)
		vo_move_by_cpu(vo);
	if (vo->busy)
		vo_go_on(vo);
	return IRQ_HANDLED;
}

/* ------------------------------------------------------------------------- */
/* The queue                                                                 */

static struct vo_buffer *vo_buffer_of(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct vo_buffer, vb);
}

static int vo_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			  unsigned int *num_planes, unsigned int sizes[],
			  struct device *alloc_devs[])
{
	struct vo_device *vo = vb2_get_drv_priv(q);

	if (vo->output && vo_size(vo) > VO_SEEN)
		return -EINVAL;
	if (*num_planes)
		return sizes[0] < vo_size(vo) ? -EINVAL : 0;
	*num_planes = 1;
	sizes[0] = vo_size(vo);
	return 0;
}

static int vo_buf_prepare(struct vb2_buffer *vb)
{
	struct vo_device *vo = vb2_get_drv_priv(vb->vb2_queue);

	return vb2_plane_size(vb, 0) < vo_size(vo) ? -EINVAL : 0;
}

static void vo_buf_queue(struct vb2_buffer *vb)
{
	struct vo_device *vo = vb2_get_drv_priv(vb->vb2_queue);

	guard(spinlock_irqsave)(&vo->irq_lock);
	list_add_tail(&vo_buffer_of(vb)->node, &vo->queued);
	if (vb2_start_streaming_called(vb->vb2_queue) && !vo->busy)
		vo_go_on(vo);
}

static int vo_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct vo_device *vo = vb2_get_drv_priv(q);

	guard(spinlock_irqsave)(&vo->irq_lock);
	vo->sequence = 0;
	vo->stopping = false;
	vo_load_texels(vo);
	return 0;
}

static void vo_stop_streaming(struct vb2_queue *q)
{
	struct vo_device *vo = vb2_get_drv_priv(q);
	struct vo_buffer *buf, *next;

	scoped_guard(spinlock_irqsave, &vo->irq_lock)
		vo->stopping = true;
	if (!wait_event_timeout(vo->idle, !READ_ONCE(vo->busy), VO_DMA_TIMEOUT))
		dev_err(&vo->pci->dev, "the engine does not stop\n");

	guard(spinlock_irqsave)(&vo->irq_lock);
	if (vo->buf)
		list_add(&vo->buf->node, &vo->queued);
	vo->buf = NULL;
	list_for_each_entry_safe(buf, next, &vo->queued, node) {
		list_del(&buf->node);
		vb2_buffer_done(&buf->vb.vb2_buf, VB2_BUF_STATE_ERROR);
	}
}

static const struct vb2_ops vo_queue_ops = {
	.queue_setup		= vo_queue_setup,
	.buf_prepare		= vo_buf_prepare,
	.buf_queue		= vo_buf_queue,
	.start_streaming	= vo_start_streaming,
	.stop_streaming		= vo_stop_streaming,
};

/* ------------------------------------------------------------------------- */
/* The node                                                                  */

static int vo_querycap(struct file *file, void *priv,
		       struct v4l2_capability *cap)
{
	strscpy(cap->driver, VO_NAME, sizeof(cap->driver));
	strscpy(cap->card, video_devdata(file)->name, sizeof(cap->card));
	return 0;
}

static int vo_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	if (f->index)
		return -EINVAL;
	f->pixelformat = V4L2_PIX_FMT_GREY;
	return 0;
}

static void vo_fill_fmt(struct v4l2_format *f, u32 width, u32 height)
{
	f->fmt.pix = (struct v4l2_pix_format) {
		.width		= width,
		.height		= height,
		.pixelformat	= V4L2_PIX_FMT_GREY,
		.field		= V4L2_FIELD_NONE,
		.bytesperline	= width,
		.sizeimage	= width * height,
		.colorspace	= V4L2_COLORSPACE_RAW,
	};
}

static int vo_g_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct vo_device *vo = video_drvdata(file);

	vo_fill_fmt(f, vo->width, vo->height);
	return 0;
}

static int vo_try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	vo_fill_fmt(f, clamp(f->fmt.pix.width, 1u, VO_MAX_SIDE),
		    clamp(f->fmt.pix.height, 1u, VO_MAX_SIDE));
	return 0;
}

static int vo_s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct vo_device *vo = video_drvdata(file);

	if (vb2_is_busy(&vo->queue))
		return -EBUSY;
	vo_try_fmt(file, priv, f);
	vo->width = f->fmt.pix.width;
	vo->height = f->fmt.pix.height;
	return 0;
}

static int vo_enum_input(struct file *file, void *priv, struct v4l2_input *in)
{
	if (in->index)
		return -EINVAL;
	in->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(in->name, "edu", sizeof(in->name));
	return 0;
}

static int vo_g_input(struct file *file, void *priv, unsigned int *i)
{
	*i = 0;
	return 0;
}

static int vo_s_input(struct file *file, void *priv, unsigned int i)
{
	return i ? -EINVAL : 0;
}

static int vo_enum_output(struct file *file, void *priv,
			  struct v4l2_output *out)
{
	if (out->index)
		return -EINVAL;
	out->type = V4L2_OUTPUT_TYPE_ANALOG;
	strscpy(out->name, "edu", sizeof(out->name));
	return 0;
}

static const struct v4l2_ioctl_ops vo_ioctl_ops = {
	.vidioc_querycap		= vo_querycap,
	.vidioc_enum_fmt_vid_cap	= vo_enum_fmt,
	.vidioc_g_fmt_vid_cap		= vo_g_fmt,
	.vidioc_s_fmt_vid_cap		= vo_s_fmt,
	.vidioc_try_fmt_vid_cap		= vo_try_fmt,
	.vidioc_enum_input		= vo_enum_input,
	.vidioc_g_input			= vo_g_input,
	.vidioc_s_input			= vo_s_input,
	.vidioc_enum_fmt_vid_out	= vo_enum_fmt,
	.vidioc_g_fmt_vid_out		= vo_g_fmt,
	.vidioc_s_fmt_vid_out		= vo_s_fmt,
	.vidioc_try_fmt_vid_out		= vo_try_fmt,
	.vidioc_enum_output		= vo_enum_output,
	.vidioc_g_output		= vo_g_input,
	.vidioc_s_output		= vo_s_input,
	.vidioc_reqbufs			= vb2_ioctl_reqbufs,
	.vidioc_create_bufs		= vb2_ioctl_create_bufs,
	.vidioc_prepare_buf		= vb2_ioctl_prepare_buf,
	.vidioc_querybuf		= vb2_ioctl_querybuf,
	.vidioc_qbuf			= vb2_ioctl_qbuf,
	.vidioc_dqbuf			= vb2_ioctl_dqbuf,
	.vidioc_expbuf			= vb2_ioctl_expbuf,
	.vidioc_streamon		= vb2_ioctl_streamon,
	.vidioc_streamoff		= vb2_ioctl_streamoff,
};

/* What the engine has seen of the last frame that it read */
static ssize_t vo_read(struct file *file, char __user *to, size_t len,
		       loff_t *pos)
{
	struct vo_device *vo = video_drvdata(file);
	loff_t start = 0;

	if (!vo->output)
		return -EINVAL;
	return simple_read_from_buffer(to, len, &start, vo->seen, vo->seen_len);
}

static const struct v4l2_file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.open		= v4l2_fh_open,
	.release	= vb2_fop_release,
	.read		= vo_read,
	.poll		= vb2_fop_poll,
	.mmap		= vb2_fop_mmap,
	.unlocked_ioctl	= video_ioctl2,
};

/* ------------------------------------------------------------------------- */
/* Probe and remove                                                          */

static const char *vo_memops_name(const struct vo_device *vo)
{
	return memops[vo->id % memops_count];
}

static const struct vb2_mem_ops *vo_memops(const char *name)
{
	if (!strcmp(name, "contig"))
		return &vb2_dma_contig_memops;
	if (!strcmp(name, "sg"))
		return &vb2_dma_sg_memops;
	if (!strcmp(name, "vmalloc"))
		return &vb2_vmalloc_memops;
	return NULL;
}

static int vo_init_queue(struct vo_device *vo)
{
	struct vb2_queue *q = &vo->queue;

	q->type = vo->output ? V4L2_BUF_TYPE_VIDEO_OUTPUT :
			       V4L2_BUF_TYPE_VIDEO_CAPTURE;
	q->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF;
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->buf_struct_size = sizeof(struct vo_buffer);
	q->drv_priv = vo;
	q->ops = &vo_queue_ops;
	q->mem_ops = vo_memops(vo_memops_name(vo) +
			       (vo->output ? strlen(VO_OUT) : 0));
	/* so that MMAP buffers may be had that are not coherent */
	q->allow_cache_hints = true;
	q->lock = &vo->lock;
	q->dev = &vo->pci->dev;
	if (!q->mem_ops)
		return -EINVAL;
	return vb2_queue_init(q);
}

static int vo_register_node(struct vo_device *vo)
{
	struct video_device *vdev = &vo->vdev;

	snprintf(vdev->name, sizeof(vdev->name), VO_NAME "-%d-%s", vo->id,
		 vo_memops_name(vo));
	vdev->v4l2_dev = &vo->v4l2;
	vdev->queue = &vo->queue;
	vdev->lock = &vo->lock;
	vdev->fops = &vo_fops;
	vdev->ioctl_ops = &vo_ioctl_ops;
	vdev->release = video_device_release_empty;
	vdev->vfl_dir = vo->output ? VFL_DIR_TX : VFL_DIR_RX;
	vdev->device_caps = V4L2_CAP_STREAMING |
			    (vo->output ? V4L2_CAP_VIDEO_OUTPUT :
					  V4L2_CAP_VIDEO_CAPTURE);
	video_set_drvdata(vdev, vo);
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

static int vo_init_pci(struct vo_device *vo)
{
	unsigned int bits = dma_mask[vo->id % dma_mask_count];
	struct pci_dev *pci = vo->pci;
	int ret;

	ret = pcim_enable_device(pci);
	if (ret)
		return ret;
	vo->regs = pcim_iomap_region(pci, 0, VO_NAME);
	if (IS_ERR(vo->regs))
		return PTR_ERR(vo->regs);
	ret = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(bits));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pci->dev, UINT_MAX);
	pci_set_master(pci);
	ret = pci_alloc_irq_vectors(pci, 1, 1, PCI_IRQ_MSI);
	return ret < 0 ? ret : 0;
}

static int vo_init_texels(struct vo_device *vo)
{
	unsigned int i;

	vo->texels = dmam_alloc_coherent(&vo->pci->dev, VO_TEXELS,
					 &vo->texels_dma, GFP_KERNEL);
	if (!vo->texels)
		return -ENOMEM;
	for (i = 0; i < VO_TEXELS; i++)
		vo->texels[i] = vo_texel(i);
	vo->seen = dmam_alloc_coherent(&vo->pci->dev, VO_SEEN, &vo->seen_dma,
				       GFP_KERNEL);
	return vo->seen ? 0 : -ENOMEM;
}

/* Nobody has the node open any more, be the driver bound or not */
static void vo_release(struct v4l2_device *v4l2)
{
	struct vo_device *vo = container_of(v4l2, struct vo_device, v4l2);

	v4l2_device_unregister(v4l2);
	mutex_destroy(&vo->lock);
	kfree(vo);
}

static struct vo_device *vo_create(struct pci_dev *pci)
{
	struct vo_device *vo = kzalloc_obj(*vo);

	if (!vo)
		return NULL;
	mutex_init(&vo->lock);
	spin_lock_init(&vo->irq_lock);
	init_waitqueue_head(&vo->idle);
	INIT_LIST_HEAD(&vo->queued);
	vo->pci = pci;
	vo->width = VO_WIDTH;
	vo->height = VO_HEIGHT;
	return vo;
}

static int vo_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct vo_device *vo = vo_create(pci);
	int ret;

	if (!vo)
		return -ENOMEM;
	ret = v4l2_device_register(&pci->dev, &vo->v4l2);
	if (ret) {
		kfree(vo);
		return ret;
	}
	vo->v4l2.release = vo_release;

	ret = ida_alloc_max(&vo_ids, VO_DEVICES - 1, GFP_KERNEL);
	if (ret < 0)
		goto err_put;
	vo->id = ret;
	vo->output = !strncmp(vo_memops_name(vo), VO_OUT, strlen(VO_OUT));
	ret = vo_init_pci(vo);
	if (!ret)
		ret = vo_init_texels(vo);
	if (!ret)
		ret = vo_init_queue(vo);
	if (!ret)
		ret = request_irq(pci_irq_vector(pci, 0), vo_interrupt, 0,
				  VO_NAME, vo);
	if (ret)
		goto err_id;
	ret = vo_register_node(vo);
	if (!ret)
		return 0;

	free_irq(pci_irq_vector(pci, 0), vo);
err_id:
	ida_free(&vo_ids, vo->id);
err_put:
	v4l2_device_disconnect(&vo->v4l2);
	v4l2_device_put(&vo->v4l2);
	return ret;
}

static void vo_remove(struct pci_dev *pci)
{
	struct v4l2_device *v4l2 = pci_get_drvdata(pci);
	struct vo_device *vo = container_of(v4l2, struct vo_device, v4l2);

	vb2_video_unregister_device(&vo->vdev);
	free_irq(pci_irq_vector(pci, 0), vo);
	ida_free(&vo_ids, vo->id);
	v4l2_device_disconnect(v4l2);
	v4l2_device_put(v4l2);
}

static const struct pci_device_id vo_table[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vo_table);

static struct pci_driver vo_driver = {
	.name		= VO_NAME,
	.id_table	= vo_table,
	.probe		= vo_probe,
	.remove		= vo_remove,
};
module_pci_driver(vo_driver);

MODULE_DESCRIPTION("V4L2 capture into memory by its DMA address, for tests");
MODULE_LICENSE("GPL");
