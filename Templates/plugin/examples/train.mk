
# make train    trains example.yaml with the plugin
.PHONY: train
train: $(NAME).so
	$(DMT) train example.yaml --out build/run --replace
