"""Breaks d2lite on purpose, one line at a time, and checks that the tests notice.

    python tests/mutations.py            # all of them
    python tests/mutations.py clip       # those whose name has this in it

Each mutation is made in a copy of the repository, and the test files named with it are run there.
The exit code is 1 if one of them still passes, or if a line to be changed is no longer there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TORCH, JAX, TF, MXNET = (f'backends/d2lite_{n}' for n in ('torch', 'jax', 'tensorflow', 'mxnet'))

# name, file, the line, what becomes of it, the test files, each of which must fail
MUTATIONS = [
    ('gradient scaled, torch', f'{TORCH}/optimizer.py', 'alpha=self.lr', 'alpha=1.0001 * self.lr',
     'test_linear.py parity/test_parity.py'),
    ('gradient scaled, jax', f'{JAX}/optimizer.py', '-self.lr * grad', '-1.0001 * self.lr * grad',
     'test_linear.py parity/test_parity.py'),
    ('gradient scaled, tensorflow', f'{TF}/optimizer.py', 'self.lr * grad',
     '1.0001 * self.lr * grad', 'test_linear.py parity/test_parity.py'),
    ('gradient scaled, mxnet', f'{MXNET}/optimizer.py', 'param.grad\n', '1.0001 * param.grad\n',
     'test_linear.py parity/test_parity.py'),
    ('batch order off by one, torch', f'{TORCH}/data.py', '[torch.from_numpy(rows)',
     '[torch.from_numpy(rows).roll(1)', 'test_linear.py parity/test_parity.py'),
    ('batch order off by one, jax', f'{JAX}/data.py', 'jnp.take(tensor, rows,',
     'jnp.take(tensor, jnp.roll(rows, 1),', 'test_linear.py parity/test_parity.py'),
    ('batch order off by one, tensorflow', f'{TF}/data.py', 'tf.gather(tensor, rows)',
     'tf.gather(tensor, tf.roll(rows, 1, 0))', 'test_linear.py parity/test_parity.py'),
    ('batch order off by one, mxnet', f'{MXNET}/data.py', 'np.array(rows,',
     'np.array([*rows[1:], rows[0]],', 'test_linear.py parity/test_parity.py'),
    ('compiled rows off by one, jax', f'{JAX}/compilation.py',
     'rows = lax.dynamic_slice_in_dim(order, start, size)',
     'rows = jnp.roll(lax.dynamic_slice_in_dim(order, start, size), 1) * 0', 'test_compilation.py'),
    ('compiled rows off by one, tensorflow', f'{TF}/compilation.py',
     'rows = tf.slice(order, [begin], [size])', 'rows = tf.slice(order, [begin], [size]) * 0',
     'test_compilation.py'),
    ('compiled steps all reported as one', 'd2lite/training/compiled.py', 'for index in range(count)',
     'for index in range(1)', 'test_compilation.py'),
    ('purity not looked at', 'd2lite/training/compiled.py', "return reason or ', and '.join(changes)",
     'return reason', 'test_compilation.py'),
    ('side effects not undone', 'd2lite/training/compiled.py', 'watch.undo()', 'pass',
     'test_compilation.py'),
    ('memory of kept batches used again', f'{TORCH}/data.py',
     'if memory is None or is_shared(memory)', 'if memory is None', 'test_data.py'),
    ('plain SGD whatever the settings', f'{TORCH}/optimizer.py', "if group['momentum'] or",
     "if False and group['momentum'] or", 'test_optimizer_torch.py'),
    ('a validation of another epoch', f'{JAX}/compilation.py', 'self.validation.ahead = None',
     'pass', 'test_checkpoint.py'),
    ('values at other steps', 'd2lite/training/plots.py', 'self._file(trainer.epoch, steps,',
     'self._file(trainer.epoch, steps[::-1],', 'test_trainer.py'),
    ('history read before its time', 'd2lite/training/trainer.py',
     'self.plots.settle()\n        return self.plots.history', 'return self.plots.history',
     'test_compilation.py'),
    ('epochs that wait are one epoch', 'd2lite/training/plots.py', 'self._close, self.trainer.epoch',
     'self._close, 0', 'test_compilation.py test_trainer.py'),
    ('warned in d2lite', 'd2lite/warn.py', 'level + 1', 'level', 'test_interruption.py'),
    ('half the loss', f'{TORCH}/linear.py', 'delta=1e38', 'delta=1.0', 'test_linear.py'),
    ('a product with a vector doubled', f'{TORCH}/graphs.py', 'torch.mv(b.t(), a[0])',
     'torch.mv(b.t(), 2 * a[0])', 'test_compilation.py test_compilation_torch.py'),
    ('every gather is split', f'{JAX}/compilation.py', 'self.is_small = not any(',
     'self.is_small = any(', 'test_jax.py'),
    ('data copied twice, tensorflow', f'{TF}/data.py',
     'tf.experimental.dlpack.from_dlpack(aligned(array).__dlpack__())', 'tf.constant(array)',
     'test_tensorflow.py'),
    ('random numbers drawn by a trial', f'{TORCH}/graphs.py',
     'torch.no_grad(), same_random_numbers()', 'torch.no_grad()', 'test_compilation.py'),
    ('compiled rows off by one, torch', f'{TORCH}/compilation.py', 'first, some = within',
     'first, some = 1 + within', 'test_compilation.py'),
    ('clipping left out, torch', f'{TORCH}/trainer.py', 'if self.gradient_clip_val > 0',
     'if False', 'test_trainer.py parity/test_parity.py test_epoch_branches.py'),
    ('clipping left out, jax', f'{JAX}/trainer.py', 'if self.gradient_clip_val == 0', 'if True',
     'test_trainer.py parity/test_parity.py test_epoch_branches.py'),
    ('clipping left out, tensorflow', f'{TF}/trainer.py', 'if self.gradient_clip_val > 0',
     'if False', 'test_trainer.py parity/test_parity.py test_epoch_branches.py'),
    ('clipping left out, mxnet', f'{MXNET}/trainer.py', 'if self.gradient_clip_val > 0',
     'if False', 'test_trainer.py parity/test_parity.py test_epoch_branches.py'),
    ('bias not updated, torch', f'{TORCH}/linear.py', 'SGD([self.w, self.b]', 'SGD([self.w]',
     'test_linear.py parity/test_parity.py'),
    ('bias not updated, jax', f'{JAX}/linear.py', 'matmul(X, self.w) + self.b',
     'matmul(X, self.w) + jax.lax.stop_gradient(self.b)', 'test_linear.py parity/test_parity.py'),
    ('bias not updated, tensorflow', f'{TF}/linear.py', 'tf.Variable(tf.zeros(1), trainable=True)',
     'tf.Variable(tf.zeros(1), trainable=False)', 'test_linear.py parity/test_parity.py'),
    ('bias not updated, mxnet', f'{MXNET}/linear.py', 'SGD([self.w, self.b]', 'SGD([self.w]',
     'test_linear.py parity/test_parity.py'),
    ('sigma ignored, torch', f'{TORCH}/linear.py', "'parameters'), sigma,", "'parameters'), 0.01,",
     'test_linear.py'),
    ('sigma ignored, jax', f'{JAX}/linear.py', 'self.init_seed, self.sigma,',
     'self.init_seed, 0.01,', 'test_linear.py'),
    ('sigma ignored, tensorflow', f'{TF}/linear.py', "'parameters'), sigma,",
     "'parameters'), 0.01,", 'test_linear.py'),
    ('sigma ignored, mxnet', f'{MXNET}/linear.py', "'parameters'), sigma,", "'parameters'), 0.01,",
     'test_linear.py'),
    ('batch statistics dropped', f'{JAX}/trainer.py',
     'state = state.replace(batch_stats=self.updated_batch_stats(value))', 'pass',
     'test_jax.py test_epoch_branches.py'),
    ('one dropout key for all steps', f'{JAX}/trainer.py',
     'jax.random.fold_in(state.dropout_rng, state.step)', 'state.dropout_rng',
     'test_jax.py test_epoch_branches.py'),
    ('never in training mode, torch', f'{TORCH}/trainer.py', 'self.model.train()', 'pass',
     'test_epoch_branches.py'),
    ('never in training mode, jax', f'{JAX}/trainer.py', 'self.model.training = True', 'pass',
     'test_epoch_branches.py'),
    ('never in training mode, tensorflow', f'{TF}/trainer.py', 'self.model.training = True', 'pass',
     'test_epoch_branches.py'),
    ('never in training mode, compiled', 'd2lite/training/compiled.py',
     '            programs = [self.trace(True', '            trainer.set_training(False)\n'
     '            programs = [self.trace(True', 'test_epoch_branches.py'),
    ('never in training mode, mxnet', f'{MXNET}/trainer.py', 'autograd.record()',
     'autograd.record(train_mode=False)', 'test_epoch_branches.py'),
    ('validated in training mode, torch', f'{TORCH}/trainer.py', 'self.model.eval()', 'pass',
     'test_epoch_branches.py'),
    ('validated in training mode, jax', f'{JAX}/trainer.py', 'self.model.training = False', 'pass',
     'test_epoch_branches.py'),
    ('validated in training mode, tensorflow', f'{TF}/trainer.py', 'self.model.training = False',
     'pass', 'test_epoch_branches.py'),
    ('validated in training mode, compiled', 'd2lite/training/compiled.py',
     '                trainer.set_training(False)\n', '', 'test_epoch_branches.py'),
    ('validated in training mode, mxnet', f'{MXNET}/trainer.py',
     '            self.model.validation_step', '            autograd.set_training(True)\n'
     '            self.model.validation_step', 'test_epoch_branches.py'),
    ('never validated, torch', f'{TORCH}/trainer.py',
     'self.model.validation_step(self.prepare_batch(batch))', 'pass', 'test_epoch_branches.py'),
    ('never validated, jax', f'{JAX}/trainer.py', 'self.model.validation_step(self', 'id(self',
     'test_epoch_branches.py'),
    ('never validated, tensorflow', f'{TF}/trainer.py',
     'self.model.validation_step(self.prepare_batch(batch))', 'pass', 'test_epoch_branches.py'),
    ('never validated, compiled', 'd2lite/training/compiled.py', "self._run(self.programs[1]",
     'id(self.programs[1]', 'test_epoch_branches.py'),
    ('never validated, mxnet', f'{MXNET}/trainer.py',
     'self.model.validation_step(self.prepare_batch(batch))', 'pass', 'test_epoch_branches.py'),
    *[(f'validation data expected, {folder.partition("lite_")[2]}', f'{folder}/trainer.py',
       'if self.val_dataloader is None:', 'if False:', 'test_epoch_branches.py')
      for folder in (TORCH, JAX, TF, MXNET)],
    ('gradients add up, torch', f'{TORCH}/trainer.py', 'self.update.zero_grad()', 'pass',
     'test_epoch_branches.py'),
    ('always clipped, torch', f'{TORCH}/trainer.py', 'if self.gradient_clip_val > 0', 'if True',
     'test_epoch_branches.py'),
    ('always clipped, jax', f'{JAX}/trainer.py', 'if self.gradient_clip_val == 0', 'if False',
     'test_epoch_branches.py'),
    ('always clipped, tensorflow', f'{TF}/trainer.py', 'if self.gradient_clip_val > 0', 'if True',
     'test_epoch_branches.py'),
    ('always clipped, mxnet', f'{MXNET}/trainer.py', 'if self.gradient_clip_val > 0', 'if True',
     'test_epoch_branches.py'),
    ('partial batch left out, jax', f'{JAX}/compilation.py', 'if self.rest:', 'if False:',
     'test_epoch_branches.py'),
    ('partial batch left out, tensorflow', f'{TF}/compilation.py', 'if self.rest:', 'if False:',
     'test_epoch_branches.py'),
    ('flattened images as they are', 'd2lite/saving/layouts.py', 'if image is not None', 'if False',
     'test_layouts.py test_batch_norm.py'),
    ('cross-entropy without its shape check', 'd2lite/training/classifier.py',
     'if logits_shape[:-1] != labels_shape', 'if False', 'test_classification.py'),
    ('attributes in lists twice', 'd2lite/training/module.py', 'if id(value) not in seen', 'if True',
     'test_classification.py'),
    ('raw variables overlooked', f'{TF}/module.py', '[*super().variables, *own]',
     '[*super().variables]', 'test_tensorflow.py'),
    ('loss hidden', f'{TF}/module.py', "self.__dict__.pop('loss', None)", 'pass',
     'test_tensorflow.py'),
    ('labels broadcast', 'd2lite/training/module.py',
     'if without_ones(y_hat_shape) != without_ones(y_shape)', 'if False', 'test_module.py'),
    ('every_n of 0', 'd2lite/training/plots.py', 'max(1, int(num_batches / num_points))',
     'int(num_batches / num_points)', 'test_trainer.py'),
    ('validation labelled as training', 'd2lite/training/module.py', "else 'val_'", "else 'train_'",
     'test_trainer.py'),
    ('every batch drawn', 'd2lite/plotting/board.py', 'if len(points) >= every_n', 'if True',
     'test_board.py'),
    ('a new line for each draw', 'd2lite/plotting/board.py', 'if data.keys() != self._lines.keys():',
     'if self._lines.clear() is None:', 'test_board.py'),
    ('values read while drawing', 'd2lite/plotting/board.py', 'points.append(Point(x, y))',
     'points.append(Point(x, float(y)))', 'test_board.py'),
    ('no last frame', 'd2lite/plotting/board.py', '        board.show()\n    _undrawn',
     '        pass\n    _undrawn', 'test_board.py'),
    ('not shuffled', 'd2lite/data/module.py', 'if self.shuffle:', 'if False:', 'test_data.py'),
    ('shuffled once', 'd2lite/data/module.py', 'default_rng(seed).permutation',
     'default_rng(seed[:-1]).permutation', 'test_data.py'),
    ('last batch dropped', 'd2lite/data/module.py', 'range(0, len(tensor), batch_size)',
     'range(0, len(tensor) - batch_size + 1, batch_size)',
     'test_data.py test_epoch_branches.py'),
    ('local variables saved', 'd2lite/hyperparameters.py', '(*arguments[1:], varargs, keywords)',
     'values', 'test_hyperparameters.py'),
    ('choice never settled', 'd2lite/selection.py', '_selected, _asked = name, asked',
     'return name', 'test_selection.py'),
    ('streams mixed', 'd2lite/seeds.py', '_streams[purpose].integers', "_streams['data'].integers",
     'test_seeds.py'),
    ('float64 computed in float32, torch', f'{TORCH}/linear.py', 'torch.addmm(self.b, X, self.w)',
     'matmul(X.float(), self.w.float()).to(X.dtype) + self.b', 'parity/test_parity.py'),
    ('float64 computed in float32, jax', f'{JAX}/linear.py', 'matmul(X, self.w) + self.b',
     "matmul(X.astype('float32'), self.w.astype('float32')).astype(X.dtype) + self.b",
     'parity/test_parity.py'),
    ('float64 computed in float32, tensorflow', f'{TF}/linear.py', 'matmul(X, self.w) + self.b',
     'tf.cast(matmul(*(tf.cast(each, tf.float32) for each in (X, self.w))), X.dtype) + self.b',
     'parity/test_parity.py'),
    ('float64 computed in float32, mxnet', f'{MXNET}/linear.py', 'matmul(X, self.w) + self.b',
     "matmul(X.astype('float32'), self.w.astype('float32')).astype(X.dtype) + self.b",
     'parity/test_parity.py'),
    ('float32 parameters, torch', f'{TORCH}/parameters.py',
     'torch.from_numpy(array).to', 'torch.from_numpy(array).float().to', 'parity/test_parity.py'),
    ('float32 parameters, jax', f'{JAX}/parameters.py', 'jnp.array(arrays[names[path]])',
     "jnp.array(arrays[names[path]].astype('float32'))", 'parity/test_parity.py'),
    ('float32 parameters, tensorflow', f'{TF}/parameters.py', '    variable.assign(arrays[name])',
     "    variable.assign(arrays[name].astype('float32'))", 'parity/test_parity.py'),
    ('float32 parameters, mxnet', f'{MXNET}/parameters.py', 'param.cast(array.dtype)',
     "array = array.astype('float32')", 'parity/test_parity.py'),
    ('referee that never clips', 'd2lite/parity/reference.py', 'if 0 < gradient_clip_val < norm',
     'if False', 'parity/test_referee.py'),
    ('penalty on the bias', 'd2lite/parity/reference.py', 'error.sum(axis=0) / n',
     'error.sum(axis=0) / n + weight_decay * b', 'parity/test_referee.py'),
    ('one step never looked at', 'd2lite/parity/compare.py', 'inside = step_rel <= tolerance.step',
     'inside = step_rel <= np.inf', 'parity/test_parity.py'),
    ('NaN is inside', 'd2lite/parity/compare.py', 'inside &= values <= tolerance.run',
     'inside &= ~(values > tolerance.run)', 'parity/test_parity.py'),
    ('float64 stays on in Keras', 'd2lite/parity/recorder.py', 'keras.backend.set_floatx(floatx)', 'pass',
     'parity/test_float64.py'),
    ('resumed one batch early', 'd2lite/saving/checkpoint.py',
     "trainer.train_dataloader.skip = state['batches_in_epoch']",
     "trainer.train_dataloader.skip = state['batches_in_epoch'] - 1", 'test_checkpoint.py'),
    ('resumed in another order', 'd2lite/saving/checkpoint.py', 'loader.epoch - 1 if within',
     'loader.epoch if within', 'test_checkpoint.py'),
    ('random state not restored', 'd2lite/saving/checkpoint.py', '    random.setstate(', '    id(',
     'test_checkpoint.py'),
    ('optimizer forgotten, torch', f'{TORCH}/state.py', 'set_optimizer_state(trainer.optim,',
     'id(', 'test_checkpoint.py'),
    ('optimizer forgotten, tensorflow', f'{TF}/state.py', '        variable.assign(value)',
     '        pass', 'test_checkpoint.py'),
    ('optimizer forgotten, mxnet', f'{MXNET}/state.py', 'updater.states = {',
     'unused = {', 'test_checkpoint.py'),
    ('checksum not looked at', 'd2lite/saving/storage.py', '!= checksum', '== None', 'test_storage.py'),
    ('written in place', 'd2lite/files.py', 'os.fdopen(descriptor', 'open(path',
     'test_storage.py'),
    ('deaf to Ctrl-C', 'd2lite/training/trainer.py', '        self.interruption.check()', '        pass',
     'test_interruption.py'),
    ('divergence not told', 'd2lite/training/records.py', 'value in bad[:1]', 'value in []',
     'test_interruption.py'),
    ('weights left as PyTorch has them', f'{TORCH}/parameters.py',
     'isinstance(module, nn.Linear | nn.modules.conv._ConvNd)', 'False', 'test_parameters.py'),
    ('unknown parameters overlooked', 'd2lite/saving/checkpoint.py', 'if name not in wanted]', 'if False]',
     'test_parameters.py'),
]  # fmt: skip


def passing(file, line, mutated, tests):
    """Which of the test files pass all the same. Raises LookupError if the line is not there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / 'd2lite'
        ignored = shutil.ignore_patterns('.git', '.venv', '__pycache__', 'build', '.*_cache')
        shutil.copytree(ROOT, copy, ignore=ignored)
        text = (copy / file).read_text()
        if line not in text:
            raise LookupError(f'{file} has no {line!r}')
        (copy / file).write_text(text.replace(line, mutated))
        return [test for test in tests if passes(copy, test)]


def passes(copy, test):
    """Whether one file of tests passes in this copy of the repository."""
    path = os.pathsep.join([str(copy), str(copy / 'backends')])
    process = subprocess.run(
        [sys.executable, '-m', 'pytest', '-qx', '-p', 'no:cacheprovider', f'tests/{test}'],
        cwd=copy,
        env=os.environ | {'PYTHONPATH': path, 'D2LITE_REQUIRE_ALL': '1'},
        capture_output=True,
    )
    if process.returncode not in (0, 1):
        raise LookupError(process.stdout.decode()[-2000:])
    return process.returncode == 0


def main(words):
    chosen = [m for m in MUTATIONS if not words or any(word in m[0] for word in words)]
    every_test = sorted({test for *_, tests in chosen for test in tests.split()})
    if passing('d2lite/__init__.py', '__version__', '__version__', every_test) != every_test:
        sys.exit('The tests fail without any mutation: mend that first.')
    missed = 0
    for name, file, line, mutated, tests in chosen:
        try:
            blind = passing(file, line, mutated, tests.split())
            verdict = f'MISSED by {", ".join(blind)}' if blind else 'caught'
        except LookupError as error:
            verdict = f'NOT TRIED: {error}'
        missed += verdict != 'caught'
        print(f'{name:40} {verdict}', flush=True)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
