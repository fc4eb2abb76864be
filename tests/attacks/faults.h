/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the IOMMU says of DMA that it stopped. Outside begin and end a fault of
 * it fails the guest, see kit/qemu/judge.
 */
#ifndef _FAULTS_H
#define _FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void kernel_log(const char *text);
/* The next line of a /dev/kmsg that does not block; false at its end */
bool kernel_log_read(int fd, char *line, size_t size);

/* A file for faults_end(), or an errno negated */
int faults_begin(void);
/* How many it has logged meanwhile of this device's DMA to this range */
int faults_end(int fd, const char *pci_name, uint64_t iova, size_t len);

#endif
