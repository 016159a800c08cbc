
# make train    deals the features of example.yaml into two towers
.PHONY: train
train: $(NAME).so
	$(DMT) partition example.yaml --towers 2 --strategy $(NAME) --out build/towers
