// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "guest.h"

bool guest_debugs_dma(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma-api/disabled", "re");
	bool on = file && fgetc(file) == 'N';

	if (file)
		fclose(file);
	return on;
}

enum guest guest_kind(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	if (strstr(line, "vo_guest=iommu"))
		return GUEST_IOMMU;
	if (strstr(line, "vo_guest=32bit"))
		return GUEST_32BIT;
	return GUEST_PLAIN;
}
