// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vo_port.h"

static DEFINE_MUTEX(port_lock);

static const struct port_ops *const port_shapes[PORT_SHAPES] = {
	[PORT_BY_NAME]		= &port_by_name,
	[PORT_BY_WALK]		= &port_by_walk,
	[PORT_PIN]		= &port_pin,
	[PORT_PIN_REVOCABLE]	= &port_pin_revocable,
};

static void port_drop(struct port *port)
{
	if (port->ops)
		port->ops->put(port);
	port->ops = NULL;
}

static int port_register(struct port *port, const void __user *arg)
{
	struct port_register reg;
	int ret;

	if (copy_from_user(&reg, arg, sizeof(reg)))
		return -EFAULT;
	if (port->ops || reg.shape >= PORT_SHAPES || !PAGE_ALIGNED(reg.addr))
		return -EINVAL;
	ret = port_shapes[reg.shape]->get(port, reg.addr);
	if (!ret)
		port->ops = port_shapes[reg.shape];
	return ret;
}

static long port_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct port *port = file->private_data;

	guard(mutex)(&port_lock);
	switch (cmd) {
	case PORT_REGISTER:
		return port_register(port, (void __user *)arg);
	case PORT_FILL:
		return port->ops ? port->ops->fill(port, arg) : -EINVAL;
	case PORT_DROP:
		port_drop(port);
		return 0;
	}
	return -ENOTTY;
}

static int port_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct port), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int port_release(struct inode *inode, struct file *file)
{
	port_drop(file->private_data);
	kfree(file->private_data);
	return 0;
}

static const struct file_operations port_fops = {
	.owner		= THIS_MODULE,
	.open		= port_open,
	.release	= port_release,
	.unlocked_ioctl	= port_ioctl,
};

static struct miscdevice port_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vo_port",
	.fops	= &port_fops,
};
module_misc_device(port_misc);

MODULE_DESCRIPTION("Importers before and after their port");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
