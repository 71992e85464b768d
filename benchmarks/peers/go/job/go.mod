module job

go 1.21
