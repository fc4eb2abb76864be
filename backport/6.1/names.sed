# SPDX-License-Identifier: GPL-2.0
# What our own files name otherwise on 6.1 and before, and where folders are
s,drivers/accel/habanalabs,drivers/misc/habanalabs,g
s,^#ifdef CONFIG_ARCH_HAS_DMA_OPS$,#ifdef CONFIG_DMA_OPS,
# a pin for reading breaks COW by itself
/^\tret = pin_user_pages_fast(pin->start/ { N; s,pin_user_pages_fast,vma_&,; s,pin->pages,    &, }
s,__assign_str(owner),__assign_str(owner\, ref->ops->name),
s,__assign_str(importer),__assign_str(importer\, pin->client->name),
s,__assign_str(name),__assign_str(name\, name),
s,= exporter_remove\,$,= exporter_removed\,,
s,^CFLAGS += -Wall -O2 \$(KHDR_INCLUDES)$,&\nCFLAGS += -D_GNU_SOURCE=,
