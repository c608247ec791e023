"""Classifiers trained in float64, by the names and layouts of d2lite.saving.layouts."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Step:
    loss: float  # before the step
    gradients: dict
    parameters: dict  # after the step


def steps(name, parameters, batches, lr):
    """Plain SGD on batches of images X (n, height, width, c) and labels y (n,)."""
    parameters = {key: np.asarray(array, np.float64) for key, array in parameters.items()}
    found = []
    for X, y in batches:
        loss, gradients = NETWORKS[name](parameters, np.asarray(X, np.float64), y)
        parameters = {key: array - lr * gradients[key] for key, array in parameters.items()}
        found.append(Step(loss, gradients, parameters))
    return found


def multilayer(parameters, X, y):
    """Loss and gradients of dense layers with rectified units between them, written out."""
    num_layers = len(parameters) // 2
    hidden = [X.reshape(len(X), -1)]
    for layer in range(num_layers):
        Z = hidden[-1] @ parameters[f'net.{layer}.weight'] + parameters[f'net.{layer}.bias']
        hidden.append(np.maximum(Z, 0) if layer + 1 < num_layers else Z)
    shifted = hidden[-1] - hidden[-1].max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(len(y)), y].mean()
    error = (np.exp(log_p) - np.eye(log_p.shape[1])[y]) / len(y)
    gradients = {}
    for layer in reversed(range(num_layers)):
        gradients[f'net.{layer}.weight'] = hidden[layer].T @ error
        gradients[f'net.{layer}.bias'] = error.sum(axis=0)
        error = (error @ parameters[f'net.{layer}.weight'].T) * (hidden[layer] > 0)
    return loss, gradients


def lenet(parameters, X, y):
    """Loss and gradients of LeNet, by PyTorch's functions in float64."""
    import torch
    from torch.nn import functional as F

    tensors = {k: torch.tensor(array, requires_grad=True) for k, array in parameters.items()}

    def weight(layer):  # PyTorch wants (out, in, height, width), and (out, in)
        w = tensors[f'net.{layer}.weight']
        return w.permute(3, 2, 0, 1) if w.ndim == 4 else w.T

    H = torch.tensor(X).permute(0, 3, 1, 2)
    for layer, padding in ((0, 2), (1, 0)):
        H = F.conv2d(H, weight(layer), tensors[f'net.{layer}.bias'], padding=padding)
        H = F.avg_pool2d(torch.sigmoid(H), 2)
    H = H.permute(0, 2, 3, 1).reshape(len(X), -1)  # flattened with the channels last
    for layer in (2, 3, 4):
        H = F.linear(H, weight(layer), tensors[f'net.{layer}.bias'])
        H = torch.sigmoid(H) if layer < 4 else H
    loss = F.cross_entropy(H, torch.tensor(y))
    loss.backward()
    return loss.item(), {k: tensor.grad.numpy() for k, tensor in tensors.items()}


NETWORKS = {'SoftmaxRegression': multilayer, 'MLP': multilayer, 'LeNet': lenet}
