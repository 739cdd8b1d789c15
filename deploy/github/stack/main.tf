# A small stack for the Action's own test in CI: one machine nobody owns, one notebook that says whose it is.

variable "team" {
  type    = string
  default = "vision"
}

resource "aws_instance" "train" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "p5.48xlarge"
}

resource "aws_sagemaker_notebook_instance" "explore" {
  name          = "explore"
  role_arn      = "arn:aws:iam::111111111111:role/notebooks"
  instance_type = "ml.t3.medium"

  tags = {
    project       = "dijkscan"
    team          = var.team
    workload-type = "notebook"
  }
}
