# SPDX-License-Identifier: GPL-2.0
# make -f programs.mk TREE=kernel HEADERS=folder OUTPUT=folder: programs for the guest, static
PROGRAMS := torture inputs sweep fuzz
SELFTESTS := $(TREE)/tools/testing/selftests
HELPERS := $(SELFTESTS)/vma_owner
VFIO := ../attacks
SOURCES := samples.c $(VFIO)/vfio.c $(addprefix $(HELPERS)/,memory.c observe.c video.c)

all: $(addprefix $(OUTPUT)/,$(PROGRAMS))

$(OUTPUT)/%: %.c $(SOURCES) $(wildcard *.h)
	gcc -O2 -Wall -Werror -static -D_GNU_SOURCE -I. -I$(HELPERS) -I$(VFIO) -I$(SELFTESTS) \
		-I$(TREE)/samples/vma_owner -isystem $(HEADERS) -o $@ $< $(SOURCES) -lpthread
