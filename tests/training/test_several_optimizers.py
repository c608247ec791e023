"""A model of two parts, an optimizer for each: `Trainer.optim` is a list, and the loop a page's."""

import gans
import numpy as np
import pytest


def test_both_parts_are_trained_and_a_checkpoint_has_both_optimizers(d2l, tmp_path):
    GAN, Trainer = gans.page(d2l)

    def fitted(max_epochs, **kwargs):
        d2l.seed_everything(0)
        trainer = Trainer(max_epochs=max_epochs)
        trainer.fit(GAN(), gans.data(d2l), **kwargs)
        return trainer

    half, whole = fitted(1), fitted(3)
    assert len(whole.optim) == 2 and whole.current_lr() is None
    assert whole.history[0]['train_loss'] == half.history[0]['train_loss']
    before, after = half.get_parameters(), whole.get_parameters()
    assert len(before) == 4 and all(np.abs(after[n] - before[n]).min() > 1e-3 for n in before)
    half.save_checkpoint(tmp_path / 'half')
    resumed = fitted(3, ckpt_path=tmp_path / 'half')
    for name, array in resumed.get_parameters().items():
        np.testing.assert_array_equal(array, after[name])


def test_the_loop_of_d2lite_takes_one_optimizer(d2l):
    GAN, _ = gans.page(d2l)
    with pytest.raises(TypeError, match='returned a list: .* with a fit_epoch of its own'):
        d2l.Trainer(max_epochs=1).fit(GAN(), gans.data(d2l))
