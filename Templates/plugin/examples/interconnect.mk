
# make train    trains example.yaml on three ranks that the plugin joins
.PHONY: train
train: $(NAME).so
	$(DMT) launch --ranks 1x3 example.yaml --out build/run --replace
