"""What holds beside equal results, looked at within processes that train together.

`found(d2l, path)` does the same things in each process, and returns what that one has seen.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from contract import backend_of, small_data
from models import dropout_model, momentum_model


def found(d2l, path):
    rank = d2l.Trainer(max_epochs=1).rank
    return {
        'errors': {name: error_of(d2l, name, rank) for name in DIFFERENT},
        'files': files(d2l, path),
        'numbers': numbers(d2l),
        'told': told(d2l),
        'resumed': resumed(d2l, path),
    }


def fit(d2l, model=None, data=None, trainer=None, **kwargs):
    trainer = trainer or d2l.Trainer(**{'max_epochs': 1} | kwargs)
    trainer.fit(model or d2l.LinearRegressionScratch(2, lr=0.03), data or small_data(d2l))
    return trainer


def error_of(d2l, name, rank):
    d2l.seed_everything(0)
    try:
        DIFFERENT[name](d2l, rank)
    except Exception as error:
        return f'{type(error).__name__}: {error}'


def other_code(d2l, rank):
    class Model(d2l.LinearRegressionScratch):
        pass

    if rank:

        def training_step(self, batch):
            return super(Model, self).training_step(batch)

        Model.training_step = training_step
    fit(d2l, Model(2, lr=0.03))


def own_loop(d2l, rank):
    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            pass

    fit(d2l, trainer=Trainer(max_epochs=1))


def other_seed(d2l, rank):
    d2l.seed_everything(rank)
    fit(d2l)


def cannot_write(d2l, rank):
    trainer = fit(d2l)
    trainer.save_parameters('no such folder/file')


# What is not the same everywhere, or not possible, each an error in all processes.
DIFFERENT = {
    'nothing': lambda d2l, rank: fit(d2l),
    'seed': other_seed,
    'settings': lambda d2l, rank: fit(d2l, max_epochs=1 + rank),
    'model': lambda d2l, rank: fit(d2l, d2l.LinearRegressionScratch(2, lr=0.03 + rank)),
    'data': lambda d2l, rank: fit(d2l, data=small_data(d2l, num_train=64 + rank)),
    'code': other_code,
    'own loop': own_loop,
    'num_devices': lambda d2l, rank: d2l.Trainer(max_epochs=1, num_devices=3),
    'strategy': lambda d2l, rank: d2l.Trainer(max_epochs=1, strategy='sharded'),
    'file': cannot_write,
}


def files(d2l, path):
    """The files of this process, whose names differ; in one place they would be the same file."""
    d2l.seed_everything(0)
    folder = Path(f'{path}.files')
    folder.mkdir()
    best = d2l.ModelCheckpoint('val_loss', path=str(folder / 'best'))
    trainer = fit(
        d2l,
        callbacks=[best, d2l.CSVLogger(str(folder / 'log'))],
        checkpoint_every=2,
        checkpoint_path=folder / 'checkpoint',
    )
    trainer.save_parameters(folder / 'parameters')
    trainer.model.board.save(folder / 'plot.svg')
    return sorted(each.name for each in folder.iterdir())


def numbers(d2l):
    """Random numbers of a step, of dropout in it, and of the lesson after it."""
    if backend_of(d2l) == 'jax':
        return {}  # one program draws those of all rows
    drawn, dropped, model = [], [], dropout_model(d2l)

    class Draws(type(model)):
        def training_step(self, *arguments):
            dropped.append(np.ravel(d2l.numpy(self(d2l.ones((4, 2))))).tolist())
            return super().training_step(*arguments)

        def validation_step(self, *arguments):
            drawn.append(float(np.asarray(d2l.numpy(d2l.rand(1)))[0]))
            super().validation_step(*arguments)

    d2l.seed_everything(0)
    fit(d2l, Draws(lr=0.01), compile=False)
    after = float(np.asarray(d2l.numpy(d2l.rand(1)))[0])
    return {'within': drawn, 'dropped': dropped, 'after': after}


def told(d2l):
    """What compile=True warns of, and how far the parameters are from those without it."""
    parameters, warned = [], []
    for compile in (None, True):
        d2l.seed_everything(0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            parameters.append(fit(d2l, compile=compile).get_parameters())
        warned.append([str(each.message) for each in caught if each.category is UserWarning])
    first, second = parameters
    far = max(float(np.abs(first[key] - second[key]).max()) for key in first)
    return {'without': warned[0], 'with': warned[1], 'far': far}


def resumed(d2l, path):
    """How far a training that went on from a checkpoint is from one that was not interrupted."""
    found = {}
    for name, make in (('momentum', momentum_model), ('dropout', dropout_model)):
        if backend_of(d2l) == 'mxnet' and name == 'dropout':
            continue  # MXNet does not tell where its random numbers are
        # A place that all share, as the processes of a training have.
        checkpoint = Path(path).with_suffix('').with_suffix(f'.{name}')
        trained = [
            trained_from(d2l, make, epochs, ckpt, **kwargs)
            for epochs, ckpt, kwargs in (
                (3, None, {}),
                (2, None, {'checkpoint_every': 7, 'checkpoint_path': checkpoint}),
                (3, checkpoint, {}),
                # By any strategy, from the same file.
                (3, checkpoint, {'strategy': d2l.Trainer.engine.STRATEGIES[-1]}),
            )
        ]
        whole, _, again, sharded = [trainer.get_parameters() for trainer in trained]
        found[name] = max(float(np.abs(whole[key] - again[key]).max()) for key in whole)
        other = max(float(np.abs(whole[key] - sharded[key]).max()) for key in whole)
        found[f'{name}, another strategy'] = other
        found[f'{name} loss'] = [row['val_loss'] for row in trained[2].history]
    return found


def trained_from(d2l, make, epochs, ckpt_path, **kwargs):
    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=epochs, **kwargs)
    trainer.fit(make(d2l), small_data(d2l, num_train=74), ckpt_path=ckpt_path)
    return trainer
