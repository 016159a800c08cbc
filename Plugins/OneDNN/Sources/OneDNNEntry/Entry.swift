internal import OneDNN
