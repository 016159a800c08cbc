
# make train    shows that example.yaml on four ranks, tables placed by the plugin, is the model in one process
.PHONY: train
train: $(NAME).so
	$(DMT) verify example.yaml --ranks 2x2
