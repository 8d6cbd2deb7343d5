"""Other packages of OpenMMLab that no longer fit the stack of today."""
