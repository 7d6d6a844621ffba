# latch's image: an OCI bundle that runc runs as it is, and what `docker build` makes an image of.

IMAGE := $(O)/image

.PHONY: image
image: all ## an OCI bundle of latch in build/image, for machines whose services are containers
	rm -rf $(IMAGE)
	mkdir -p $(IMAGE)
	packaging/image/rootfs $(O) $(IMAGE)/rootfs
	cp packaging/image/config.json packaging/image/Dockerfile $(IMAGE)/
